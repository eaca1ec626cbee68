package channeltest

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

var fetchCases = []kase{
	{"fetch/content", "Fetch gives the file's bytes and type", fetchContent},
	{"fetch/limit", "Fetch stops with ErrTooLarge after the limit, and gives a file of exactly the limit", fetchLimit},
	{"fetch/missing", "Fetch of a file that the provider does not have is an error", fetchMissing},
	{"fetch/redirect", "a redirect to another host is followed without credentials", fetchRedirect},
	{"fetch/private", "a redirect to a private address, or away from https, is not followed", fetchPrivate},
	{"fetch/foreign", "an attachment that names a foreign address takes no credentials there", fetchForeign},
}

// attachment delivers a picture and returns it as an attachment, with what fetches it.
func (p *probe) attachment() (channel.Fetcher, conversation.Attachment) {
	p.Helper()
	p.webhooks()
	f, ok := p.open().(channel.Fetcher)
	if !ok {
		p.skip("the Conn is no Fetcher")
	}
	i := p.one(Inbound{ID: "f", Text: "see", Files: []File{picture}})
	if len(i.Message.Attachments) != 1 {
		p.stop("the message has %d attachments", len(i.Message.Attachments))
	}
	return f, i.Message.Attachments[0]
}

// fetch reads a file whole.
func (p *probe) fetch(f channel.Fetcher, a conversation.Attachment, limit int64) (channel.File, []byte, error) {
	file, err := f.Fetch(p.ctx(), a, limit)
	if err != nil {
		return file, nil, err
	}
	defer func() { _ = file.Body.Close() }()
	data, err := io.ReadAll(file.Body)
	return file, data, err
}

func fetchContent(p *probe) {
	f, a := p.attachment()
	file, data, err := p.fetch(f, a, 1<<20)
	if err != nil {
		p.stop("Fetch: %v", err)
	}
	if !bytes.Equal(data, picture.Data) || file.Type != picture.Type {
		p.bad("%d bytes of %q, want %d of %q", len(data), file.Type, len(picture.Data), picture.Type)
	}
	if file.Size != -1 && file.Size != int64(len(data)) {
		p.bad("the size is %d, the file has %d bytes", file.Size, len(data))
	}
}

func fetchLimit(p *probe) {
	f, a := p.attachment()
	size := int64(len(picture.Data))
	if _, data, err := p.fetch(f, a, size); err != nil || int64(len(data)) != size {
		p.bad("a limit of exactly %d bytes gives %d bytes, %v", size, len(data), err)
	}
	for _, limit := range []int64{1, size / 2, size - 1} {
		a.Size = 0 // a driver must not rely on what was announced
		if _, data, err := p.fetch(f, a, limit); !errors.Is(err, channel.ErrTooLarge) || int64(len(data)) > limit {
			p.bad("a limit of %d bytes gives %d bytes, %v", limit, len(data), err)
		}
	}
}

func fetchMissing(p *probe) {
	f, a := p.attachment()
	if a.ID != "" {
		a.ID += "0"
	}
	if a.URL != "" {
		a.URL += "0"
	}
	if _, data, err := p.fetch(f, a, 1<<20); err == nil {
		p.bad("%d bytes and no error", len(data))
	}
}

// elsewhere adds a host that is not the provider's to the network, and returns the provider's own hosts.
func (p *probe) elsewhere(host string) []string {
	p.Helper()
	if p.Network == nil {
		p.skip("the driver uses no Network")
	}
	trusted := slices.Collect(maps.Keys(p.Network.Hosts))
	p.Network.Add(host, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", picture.Type)
		_, _ = w.Write(picture.Data)
	}))
	return trusted
}

func fetchRedirect(p *probe) {
	p.need(p.Redirect != nil, "Redirect")
	f, a := p.attachment()
	trusted := p.elsewhere("storage.example.net")
	p.Redirect("https://storage.example.net/signed?x=1")
	_, data, err := p.fetch(f, a, 1<<20)
	if err != nil || !bytes.Equal(data, picture.Data) {
		p.bad("%d bytes, %v", len(data), err)
	}
	if found := p.Network.leaks(p.Credentials, trusted); found != nil {
		p.bad("credentials went with %q", found)
	}
}

func fetchPrivate(p *probe) {
	p.need(p.Redirect != nil, "Redirect")
	f, a := p.attachment()
	for _, host := range []string{"127.0.0.1", "localhost", "10.0.0.8", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
		"[::1]", "[fd00::1]", "[fe80::1]", "[::ffff:127.0.0.1]", "storage.example.net:80"} {
		p.elsewhere(host)
		address := "https://" + host + "/latest"
		if host == "storage.example.net:80" {
			address = "http://" + host + "/latest"
		}
		p.Redirect(address)
		before := len(p.Network.Requests())
		_, _, err := p.fetch(f, a, 1<<20)
		if err == nil {
			p.bad("a redirect to %s gives a file", address)
		}
		for _, r := range p.Network.Requests()[before:] {
			if r.URL.Host == host {
				p.bad("a redirect to %s was followed", address)
			}
		}
	}
}

func fetchForeign(p *probe) {
	f, a := p.attachment()
	trusted := p.elsewhere("evil.example.net")
	for _, address := range []string{"https://evil.example.net/file", "https://evil.example.net/@" + trusted[0], "https://" + trusted[0] + "@evil.example.net/",
		"https://evil.example.net#" + trusted[0]} {
		a.URL = address
		_, _, _ = p.fetch(f, a, 1<<20)
	}
	if found := p.Network.leaks(p.Credentials, trusted); found != nil {
		p.bad("credentials went with %q", found)
	}
}
