package frontdesk

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// zeros gives size zeros.
func zeros(size int64) io.Reader { return io.LimitReader(zero{}, size) }

type zero struct{}

func (zero) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func gzipped(t testing.TB, size int64) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := io.Copy(z, zeros(size))
	require.NoError(t, errors.Join(err, z.Close()))
	return b.Bytes()
}

// archive is a ZIP of entries of zeros. raw entries have their sizes before the content, others behind it.
func archive(t testing.TB, raw bool, sizes ...int64) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i, size := range sizes {
		h := &zip.FileHeader{Name: strings.Repeat("x", i+1), Method: zip.Deflate}
		if !raw {
			w, err := z.CreateHeader(h)
			require.NoError(t, err)
			_, err = io.Copy(w, zeros(size))
			require.NoError(t, err)
			continue
		}
		content := strings.Repeat("PK\x03\x04", int(size)/4)
		h.Method, h.CRC32, h.CompressedSize64, h.UncompressedSize64 = zip.Store, crc32.ChecksumIEEE([]byte(content)), uint64(len(content)), uint64(len(content))
		w, err := z.CreateRaw(h)
		require.NoError(t, err)
		_, err = io.WriteString(w, content)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

// promising is an archive whose directory promises more than its entries hold.
func promising(t testing.TB) []byte {
	data := archive(t, true, 4000)
	at := bytes.Index(data, []byte("PK\x01\x02"))
	for at >= 0 && len(data[at:]) > 28 && bytes.HasPrefix(data[at:], []byte("PK\x01\x02")) {
		copy(data[at+24:], []byte{0, 0, 0, 0x40})
		break
	}
	return data
}

func TestUnpacking(t *testing.T) {
	const much = MaxAttachment + MaxAttachment/10
	for name, tt := range map[string]struct {
		data   []byte
		refuse bool
	}{
		"empty":                     {nil, false},
		"three bytes":               {[]byte("PK\x03"), false},
		"text":                      {[]byte("just text"), false},
		"small gzip":                {gzipped(t, 1<<20), false},
		"gzip that unpacks to much": {gzipped(t, much), true},
		"cut gzip":                  {gzipped(t, 1<<20)[:500], false},
		"small zip":                 {archive(t, false, 10, 1<<20, 0), false},
		"large entry":               {archive(t, false, 10, much), true},
		"large in all":              {archive(t, false, much/2, much/2), true},
		"stored entries":            {archive(t, true, 4000, 8000), false},
		"a promise of a gigabyte":   {promising(t), true},
		"broken zip":                {append([]byte("PK\x03\x04"), bytes.Repeat([]byte{0xff}, 1000)...), false},
		"only a header":             {[]byte("PK\x03\x04"), false},
		"broken gzip":               {append([]byte("\x1f\x8b\x08"), bytes.Repeat([]byte{7}, 1000)...), false},
	} {
		for way, r := range map[string]io.Reader{"whole": bytes.NewReader(tt.data), "halved": iotest.HalfReader(bytes.NewReader(tt.data)), "one by one": iotest.OneByteReader(bytes.NewReader(tt.data))} {
			if way == "one by one" && len(tt.data) > 1<<16 {
				continue
			}
			in := take(r, MaxAttachment, int64(len(tt.data)), "")
			got, err := io.ReadAll(in)
			in.close()
			if tt.refuse {
				var c *contentError
				require.ErrorAs(t, err, &c, "%s, %s", name, way)
				assert.False(t, c.again)
				continue
			}
			require.NoError(t, err, "%s, %s", name, way)
			assert.True(t, bytes.Equal(tt.data, got), "%s, %s", name, way)
		}
	}
}

func TestIntake(t *testing.T) {
	const hash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" // of "hello"
	broken := errors.New("broken")
	for name, tt := range map[string]struct {
		r        io.Reader
		limit    int64
		expected int64
		hash     string
		want     string // of the error
	}{
		"all right":     {strings.NewReader("hello"), 5, 5, hash, ""},
		"upper case":    {strings.NewReader("hello"), 5, -1, strings.ToUpper(hash), ""},
		"no SHA-256":    {strings.NewReader("hello"), 5, -1, "abc", ""},
		"at the limit":  {strings.NewReader("hello"), 4, -1, "", "more than 4 bytes"},
		"data with EOF": {iotest.DataErrReader(strings.NewReader("hello")), 5, 5, hash, ""},
		"short":         {strings.NewReader("hell"), 5, 5, "", "broke off: 4 of 5"},
		"long":          {strings.NewReader("hello!"), 10, 5, "", "broke off: 6 of 5"},
		"other":         {strings.NewReader("hallo"), 5, 5, hash, "hash differs"},
		"broken":        {io.MultiReader(strings.NewReader("he"), iotest.ErrReader(broken)), 5, 5, hash, "broken"},
	} {
		in := take(tt.r, tt.limit, tt.expected, tt.hash)
		_, err := io.ReadAll(in)
		if tt.want == "" {
			require.NoError(t, err, name)
			assert.Equal(t, hash, in.file("a", "", 0).Hash, name)
			continue
		}
		require.ErrorContains(t, err, tt.want, name)
		_, again := in.Read(make([]byte, 1))
		assert.Equal(t, err, again, "%s: an error stays", name)
	}
}

func FuzzUnpacking(f *testing.F) {
	f.Add(archive(f, false, 10, 1000))
	f.Add(archive(f, true, 40))
	f.Add(gzipped(f, 1000))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		in := take(bytes.NewReader(data), MaxAttachment, int64(len(data)), "")
		defer in.close()
		got, err := io.ReadAll(in)
		if c := (*contentError)(nil); errors.As(err, &c) {
			assert.False(t, c.again)
			return
		}
		require.NoError(t, err)
		assert.True(t, bytes.Equal(data, got))
	})
}
