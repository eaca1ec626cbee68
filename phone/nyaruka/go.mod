module github.com/frontdesk-go/frontdesk/phone/nyaruka

go 1.25.0

require (
	github.com/frontdesk-go/frontdesk v0.0.0
	github.com/nyaruka/phonenumbers v1.8.1
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/rivo/uniseg v0.4.7 // indirect
	github.com/tidwall/btree v1.8.2 // indirect
	go.yaml.in/yaml/v3 v3.0.6 // indirect
	golang.org/x/text v0.41.0 // indirect
	google.golang.org/protobuf v1.36.11 // indirect
)

replace github.com/frontdesk-go/frontdesk => ../..
