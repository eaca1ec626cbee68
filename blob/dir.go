package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path"
	"time"
)

// Dir keeps contents as files below a directory, which several processes may share. A file is written beside its place, synced and then
// moved there, so that none is ever seen in part. Nothing below the directory leads out of it.
type Dir struct {
	root *os.Root
}

var _ Blobs = (*Dir)(nil)

const (
	unfinished    = ".unfinished"  // where files are written; no name can be in it, since names hold no dot
	unfinishedFor = 24 * time.Hour // after which the writer of such a file is taken for dead
)

// OpenDir opens a directory, made if it is not there, for contents. It removes what processes that died have left unfinished for a day.
func OpenDir(directory string) (*Dir, error) {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	root, err := os.OpenRoot(directory)
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	d := &Dir{root}
	if err := d.sweep(time.Now().Add(-unfinishedFor)); err != nil {
		_ = root.Close()
		return nil, fmt.Errorf("blob: %w", err)
	}
	return d, nil
}

// Close gives the directory back. Contents that are open can be read on.
func (d *Dir) Close() error { return d.root.Close() }

// sweep removes unfinished files last written before a time.
func (d *Dir) sweep(before time.Time) error {
	if err := d.root.MkdirAll(unfinished, 0o700); err != nil {
		return err
	}
	files, err := fs.ReadDir(d.root.FS(), unfinished)
	if err != nil {
		return err
	}
	for _, f := range files {
		info, err := f.Info()
		if err == nil && info.ModTime().Before(before) {
			err = d.root.Remove(path.Join(unfinished, f.Name()))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// file is where a content lies: below one of 256 directories of its own, since file systems are slow with millions of files in one.
func file(name string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	dir, base := path.Split(name)
	return path.Join(dir, fmt.Sprintf("%02x", h.Sum32()&0xff), base)
}

// Put stores a content.
func (d *Dir) Put(ctx context.Context, name string, r io.Reader) error {
	if err := checked(name); err != nil {
		return err
	}
	if err := d.put(ctx, file(name), r); err != nil {
		return fmt.Errorf("blob: put %s: %w", name, err)
	}
	return nil
}

func (d *Dir) put(ctx context.Context, to string, r io.Reader) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	from := path.Join(unfinished, rand.Text())
	err := d.write(ctx, from, r)
	if err == nil {
		err = d.root.MkdirAll(path.Dir(to), 0o700)
	}
	if err == nil {
		err = d.root.Rename(from, to)
	}
	if err != nil {
		_ = d.root.Remove(from)
		return err
	}
	// The move itself, and directories made for it, survive a loss of power once each directory on the way is synced.
	for dir := path.Dir(to); ; dir = path.Dir(dir) {
		if err := d.sync(dir); err != nil || dir == "." {
			return err
		}
	}
}

// write makes a file and has the system write it to the disk.
func (d *Dir) write(ctx context.Context, name string, r io.Reader) error {
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, reader{ctx, r})
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (d *Dir) sync(dir string) error {
	f, err := d.root.Open(dir)
	if err != nil {
		return err
	}
	// Some systems cannot sync a directory; the file itself is synced.
	_ = f.Sync()
	return f.Close()
}

// Open returns a content.
func (d *Dir) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := errors.Join(ctx.Err(), checked(name)); err != nil {
		return nil, err
	}
	f, err := d.root.Open(file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, name)
	}
	if err != nil {
		return nil, fmt.Errorf("blob: open %s: %w", name, err)
	}
	return opened{reader{ctx, f}, f}, nil
}

type opened struct {
	io.Reader
	io.Closer
}

// Delete removes a content.
func (d *Dir) Delete(ctx context.Context, name string) error {
	if err := errors.Join(ctx.Err(), checked(name)); err != nil {
		return err
	}
	if err := d.root.Remove(file(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("blob: delete %s: %w", name, err)
	}
	return nil
}
