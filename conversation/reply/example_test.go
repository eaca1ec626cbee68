package reply_test

import (
	"errors"
	"fmt"

	"github.com/frontdesk-go/frontdesk/conversation/reply"
)

func ExampleFill() {
	contact := map[string]string{"contact.first_name": "Ann"}
	values := func(name string) (string, bool) {
		v, ok := contact[name]
		return v, ok
	}
	const content = "Hello {{contact.first_name|there}}, order {{record.number}} is on its way."

	_, err := reply.Fill(content, values, reply.Options{})
	var missing *reply.MissingError
	if errors.As(err, &missing) {
		fmt.Println("missing:", missing.Names)
	}

	result, err := reply.Fill(content, values, reply.Options{Missing: reply.Keep})
	fmt.Println(result.Text, result.Unresolved, err)
	// Output:
	// missing: [record.number]
	// Hello Ann, order {{record.number}} is on its way. [record.number] <nil>
}

func ExampleParse() {
	_, err := reply.Parse("Hello {{name, hi")
	var syntax *reply.SyntaxError
	if errors.As(err, &syntax) {
		fmt.Println(syntax.Offset, syntax.Problem)
		fmt.Println(syntax.Want)
	}
	// Output:
	// 6 unclosed field
	// close it with "}}", or write "\{{" for literal braces
}

func ExampleTemplate_Fields() {
	template, err := reply.Parse("{{contact.first_name|there}}: {{record.number}}")
	if err != nil {
		panic(err)
	}
	for _, field := range template.Fields() {
		fmt.Println(field.Name, field.HasFallback)
	}
	// Output:
	// contact.first_name true
	// record.number false
}

func ExampleEscape() {
	fmt.Println(reply.Escape("Write {{name}} for the name."))
	// Output: Write \{{name}} for the name.
}
