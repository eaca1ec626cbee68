module github.com/frontdesk-go/frontdesk

go 1.25.0

require (
	github.com/google/go-cmp v0.7.0
	github.com/rivo/uniseg v0.4.7
	github.com/tidwall/btree v1.8.2
	golang.org/x/text v0.41.0
)

require go.yaml.in/yaml/v3 v3.0.6 // indirect

// Test dependencies.
require github.com/stretchr/testify v1.12.1
