//go:build unix

package stores

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// cluster is a server of the tests' own, and how it is run.
type cluster struct {
	bin, dir string
	owner    *syscall.Credential // nil for oneself
}

// start makes a cluster in a temporary directory, starts it on a Unix socket in there, and leaves it to a watchdog.
func start() (*cluster, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	owner, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(folder(owner), "frontdesk-pg-")
	if err != nil {
		return nil, err
	}
	if owner != nil {
		if err := os.Chown(dir, int(owner.Uid), int(owner.Gid)); err != nil {
			return nil, err
		}
	}
	if err := watch(bin, dir, owner); err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	// A collation that is not bytewise shows a comparison that forgot to ask for bytes.
	linguistic := []string{"--locale-provider=icu", "--icu-locale=en-US", "--locale=C"}
	base := []string{"-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"}
	if run(owner, filepath.Join(bin, "initdb"), append(slices.Clone(base), linguistic...)...) != nil {
		if err := run(owner, filepath.Join(bin, "initdb"), append(base, "--locale=C")...); err != nil {
			return nil, err
		}
	}
	c := &cluster{bin: bin, dir: dir, owner: owner}
	return c, c.up()
}

// folder is where temporary files go, if its path is short, since a socket's has at most 107 bytes, 103 on some systems, and the server's user
// can enter it.
func folder(owner *syscall.Credential) string {
	dir := os.TempDir()
	info, err := os.Stat(dir)
	if err != nil || len(dir) > 60 || owner != nil && info.Mode()&0o001 == 0 {
		return "/tmp"
	}
	return dir
}

func (c *cluster) dsn() string { return "host=" + c.dir + " user=postgres dbname=postgres" }

// up starts the server and waits until it takes connections.
func (c *cluster) up() error {
	// Statistics that are a second old instead of a minute let a test that fills tables meet the plans of a database that has run a while.
	settings := "-k " + c.dir + " -c listen_addresses='' -c max_connections=200 -c fsync=on -c autovacuum_naptime=1s"
	return run(c.owner, filepath.Join(c.bin, "pg_ctl"), "-D", filepath.Join(c.dir, "data"), "-w", "-l", filepath.Join(c.dir, "log"), "-o", settings, "start")
}

// down ends the server's processes at once, without a checkpoint.
func (c *cluster) down() error {
	return run(c.owner, filepath.Join(c.bin, "pg_ctl"), "-D", filepath.Join(c.dir, "data"), "-m", "immediate", "-w", "stop")
}

// programs returns the folder of the server's programs, of the newest version there is.
func programs() (string, error) {
	folders, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	slices.SortFunc(folders, func(x, y string) int { return version(y) - version(x) })
	if path, err := exec.LookPath("initdb"); err == nil {
		// A distribution's wrapper or link leads to the folder where the server itself is.
		if real, err := filepath.EvalSymlinks(path); err == nil {
			folders = append([]string{filepath.Dir(real)}, folders...)
		}
	}
	for _, folder := range folders {
		if executable(filepath.Join(folder, "initdb")) && executable(filepath.Join(folder, "pg_ctl")) && executable(filepath.Join(folder, "postgres")) {
			return folder, nil
		}
	}
	return "", errors.New("initdb, pg_ctl and postgres are neither in PATH nor in /usr/lib/postgresql")
}

func version(folder string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
	return n
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// unprivileged returns whom to run the server as, which refuses to be run by root; nil for oneself.
func unprivileged() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(account.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(account.Gid, 10, 32)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("run as root, and neither postgres nor nobody is an account here")
}

func run(owner *syscall.Credential, program string, args ...string) error {
	command := exec.Command(program, args...)
	command.Dir = "/"
	command.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
	out, err := os.CreateTemp("", "frontdesk-pg-out-") // not a pipe, which the server would keep open
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	command.Stdout, command.Stderr = out, out
	if err := command.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		return fmt.Errorf("%s: %w: %s", program, err, said)
	}
	return nil
}

// watch starts a process that waits for the end of this one, then stops the server and removes its directory. Only this process holds
// the writing end of a pipe: when it ends, in whatever way, the watchdog reads the end.
func watch(bin, dir string, owner *syscall.Credential) error {
	reader, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	defer reader.Close()
	script := `read -r end; "$1/pg_ctl" -D "$2/data" -m immediate -w stop; rm -rf "$2"`
	command := exec.Command("/bin/sh", "-c", script, "sh", bin, dir)
	command.Dir = "/"
	command.Stdin = reader
	command.SysProcAttr = &syscall.SysProcAttr{Credential: owner, Setpgid: true} // an interrupt from the terminal is not for it
	if err := command.Start(); err != nil {
		return errors.Join(err, writer.Close())
	}
	go func() { // keeps the pipe open for as long as the process runs
		_ = command.Wait()
		_ = writer.Close()
	}()
	return nil
}
