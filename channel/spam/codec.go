package spam

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// MaxSize is how many bytes an encoded model has at the most. One of a few thousand features has about nine bytes for each.
const MaxSize = 20*MaxWords + 32

// magic begins an encoded model; the byte after it is the version.
const (
	magic   = "fdspam"
	version = 1
)

// FormatError says that bytes are no encoded model, or one of a version that this program does not know.
type FormatError struct {
	Problem string
}

func (e *FormatError) Error() string { return "spam: not a model: " + e.Problem }

// MarshalBinary encodes the model. Equal models have equal bytes.
func (m *Model) MarshalBinary() ([]byte, error) {
	prints := make([]uint64, 0, len(m.words))
	for h := range m.words {
		prints = append(prints, h)
	}
	slices.Sort(prints)
	b := make([]byte, 0, 32+12*len(prints))
	b = append(append(b, magic...), version)
	b = binary.AppendUvarint(b, uint64(m.spam))
	b = binary.AppendUvarint(b, uint64(m.ham))
	b = binary.AppendUvarint(b, uint64(len(prints)))
	last := uint64(0)
	for _, h := range prints {
		c := m.words[h]
		b = binary.AppendUvarint(b, h-last)
		b = binary.AppendUvarint(b, uint64(c.spam))
		b = binary.AppendUvarint(b, uint64(c.ham))
		last = h
	}
	return b, nil
}

// UnmarshalBinary replaces the model by an encoded one. Error: *FormatError; the model is then as it was.
func (m *Model) UnmarshalBinary(data []byte) error {
	if len(data) > MaxSize {
		return &FormatError{fmt.Sprintf("%d bytes, at most %d", len(data), MaxSize)}
	}
	if len(data) <= len(magic) || string(data[:len(magic)]) != magic {
		return &FormatError{"it does not begin as one"}
	}
	if v := data[len(magic)]; v != version {
		return &FormatError{fmt.Sprintf("version %d, this program reads %d", v, version)}
	}
	d := decoder{rest: data[len(magic)+1:]}
	read := Model{spam: d.count(), ham: d.count()}
	n := d.uvarint(MaxWords)
	read.words = make(map[uint64]count, min(n, uint64(len(d.rest)/3)))
	last := uint64(0)
	for i := uint64(0); i < n && d.problem == ""; i++ {
		delta, c := d.uvarint(math.MaxUint64), count{d.count(), d.count()}
		h := last + delta
		switch {
		case d.problem != "":
		case i > 0 && h <= last:
			d.problem = "its features are not in order"
		case c == (count{}):
			d.problem = "a feature was never seen"
		}
		read.set(h, c)
		last = h
	}
	if d.problem == "" && len(d.rest) > 0 {
		d.problem = "something follows its end"
	}
	if d.problem != "" {
		return &FormatError{d.problem}
	}
	*m = read
	return nil
}

// decoder reads numbers until something is wrong, and then only zeros.
type decoder struct {
	rest    []byte
	problem string
}

func (d *decoder) uvarint(most uint64) uint64 {
	v, n := binary.Uvarint(d.rest)
	if d.problem == "" && n <= 0 {
		d.problem = "it ends within a number"
	}
	if d.problem == "" && v > most {
		d.problem = fmt.Sprintf("a number of %d, at most %d", v, most)
	}
	if d.problem != "" {
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) count() uint32 { return uint32(d.uvarint(math.MaxUint32)) }
