package sqlstore

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/frontdesk-go/frontdesk/store"
)

// maxPartitions keeps planning, which looks at every partition, within a few milliseconds.
const maxPartitions = 1024

// checkPartitions returns what is wrong with the option.
func checkPartitions(opt Options) error {
	switch {
	case opt.Partitions < 0 || opt.Partitions > maxPartitions:
		return &store.InvalidError{What: "sqlstore partitions", Problem: fmt.Sprintf("are %d; give 0 to %d", opt.Partitions, maxPartitions)}
	case opt.Partitions > 0 && opt.Dialect != PostgreSQL:
		return &store.InvalidError{What: "sqlstore partitions", Problem: "are set for " + opt.Dialect.String() + "; only PostgreSQL has partitions"}
	}
	return nil
}

// tableForm is the statement that makes a table of tenants' rows: its name, the key that everything in it leads with, its other lines, and
// its storage settings.
var tableForm = regexp.MustCompile(`(?s)^(\s*)create table (\S+) \(\n\t(tenant|lane) (.*)\n\)([^)]*\))?$`)

// partitioned returns a script that makes its tables in parts. What is queued and leased goes by the lane, which is the tenant too.
func (t *tables) partitioned(script string) string {
	if t.partitions == 0 {
		return script
	}
	var out []string
	for _, command := range strings.Split(script, ";\n") {
		m := tableForm.FindStringSubmatch(command)
		if m == nil {
			out = append(out, command)
			continue
		}
		space, name, key, lines, settings := m[1], m[2], m[3], m[4], m[5]
		out = append(out, fmt.Sprintf("%screate table %s (\n\t%s %s\n) partition by hash (%s)", space, name, key, lines, key))
		for i := range t.partitions {
			out = append(out, fmt.Sprintf("\ncreate table %s_p%d partition of %s for values with (modulus %d, remainder %d)%s", name, i, name, t.partitions, i, settings))
		}
	}
	return strings.Join(out, ";\n")
}
