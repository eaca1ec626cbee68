module github.com/frontdesk-go/frontdesk/broker

go 1.25.0

require (
	github.com/ThreeDotsLabs/watermill v1.5.1
	github.com/frontdesk-go/frontdesk v0.0.0
	github.com/google/uuid v1.6.0
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/lithammer/shortuuid/v3 v3.0.7 // indirect
	github.com/oklog/ulid v1.3.1 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	github.com/rivo/uniseg v0.4.7 // indirect
	go.yaml.in/yaml/v3 v3.0.6 // indirect
	golang.org/x/text v0.41.0 // indirect
)

replace github.com/frontdesk-go/frontdesk => ..
