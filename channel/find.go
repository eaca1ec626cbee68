package channel

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What people write as a link, an e-mail address or a phone number is found in one pass over the text each: Go's regular expressions take
// time linear in it.

// links returns what is written as a link and not allowed: with a scheme, with www., or as a host under a common top-level domain.
func links(text string, allowed func(string) bool) (found []string) {
	for _, word := range strings.FieldsFunc(invisible.Replace(text), func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`<>"'()[]{}|,;*`, r) }) {
		word = strings.TrimRight(strings.TrimLeft(word, ".:!?"), ".:!?…")
		if isLink(word) && !allowed(word) {
			if found = append(found, short(word)); len(found) == maxFound {
				break
			}
		}
	}
	return found
}

// invisible drops characters that hide a dot from a search and not from a reader, and makes dots of those that look like one.
var invisible = strings.NewReplacer("\u200b", "", "\u200c", "", "\u200d", "", "\u2060", "", "\ufeff", "", "\u00ad", "", "\u3002", ".", "\uff0e", ".", "\u2024", ".")

func isLink(word string) bool {
	lower := strings.ToLower(word)
	if before, after, ok := strings.Cut(lower, "://"); ok && after != "" {
		return before == "" || isLetter(before[len(before)-1])
	}
	if rest, ok := strings.CutPrefix(lower, "www."); ok {
		return strings.Contains(strings.Trim(rest, "."), ".")
	}
	return isHost(word)
}

func isLetter(b byte) bool { return 'a' <= b && b <= 'z' }

// isHost reports whether a word without a scheme is a host, perhaps with a path. A file name, an abbreviation, a number and a sentence
// that begins without a space are none: the domain is in one case, and where it is a word as well, what stands before it is no short word.
func isHost(word string) bool {
	host, path := word, ""
	if i := strings.IndexAny(word, "/?#:"); i >= 0 {
		host, path = word[:i], word[i:]
	}
	if strings.Contains(host, "@") {
		return false
	}
	labels := strings.Split(host, ".")
	n := len(labels)
	if n < 2 || slices.ContainsFunc(labels, func(l string) bool { return !isLabel(l) }) {
		return false
	}
	domain := labels[n-1]
	if lower := strings.ToLower(domain); domain != lower && domain != strings.ToUpper(domain) {
		return false
	}
	common, wordToo := domains[strings.ToLower(domain)]
	if !wordToo {
		return false
	}
	letters := strings.IndexFunc(labels[n-2], unicode.IsLetter) >= 0
	size := utf8.RuneCountInString(labels[n-2])
	switch {
	case strings.HasPrefix(path, "/") && len(path) > 1:
		return letters
	case common:
		return letters && size >= 2
	}
	return letters && size >= 5
}

func isLabel(l string) bool {
	if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
		return false
	}
	return strings.IndexFunc(l, func(r rune) bool {
		return r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	}) < 0
}

// domains are the top-level domains that are looked for without a scheme: true for those that are no word in a language that customers
// write. Registries have some 1,500; a link under another is found by its scheme or by www.
var domains = topLevel(
	"com net org info biz edu gov eu uk de fr nl pl cz sk hu ro bg gr dk fi pt ie lt lv ee lu hr tr ru ua cn jp kr au nz ca br mx ar cl za ae sg hk tw ch shop store online site app dev io co tv cc xyz club ly gl blog cloud",
	"it at be no in us es se si sa is to me so my am la do as link page live top")

func topLevel(common, words string) map[string]bool {
	m := map[string]bool{}
	for _, d := range strings.Fields(common) {
		m[d] = true
	}
	for _, d := range strings.Fields(words) {
		m[d] = false
	}
	return m
}

// hostOf returns the host of a link in lower case.
func hostOf(link string) string {
	link = strings.ToLower(link)
	if i := strings.Index(link, "//"); i >= 0 {
		link = link[i+2:]
	}
	if i := strings.IndexAny(link, `/?#\`); i >= 0 {
		link = link[:i]
	}
	if i := strings.LastIndexByte(link, '@'); i >= 0 { // the part before it is a name, not the host
		link = link[i+1:]
	}
	host, _, _ := strings.Cut(link, ":")
	return strings.TrimSuffix(host, ".")
}

// at is how people write around an @.
var at = regexp.MustCompile(`(?i)\s?[(\[]at[)\]]\s?`)

// emails returns what is written as an e-mail address. It looks around each @, which is many times faster than an expression for the
// whole of it.
func emails(text string) (found []string) {
	text = at.ReplaceAllString(invisible.Replace(text), "@")
	for begin := 0; len(found) < maxFound; {
		i := strings.IndexByte(text[begin:], '@')
		if i < 0 {
			break
		}
		local, host := tail(text[begin:begin+i]), head(text[begin+i+1:])
		begin += i + 1
		if dot := strings.LastIndexByte(host, '.'); local != "" && dot > 0 && isDomain(host[dot+1:]) {
			found = append(found, short(local+"@"+host))
		}
	}
	return found
}

// tail is the end of a text that can be the name before an @, at most the 64 bytes that it may have.
func tail(text string) string {
	text = strings.ToValidUTF8(text[max(0, len(text)-64):], " ")
	if i := strings.LastIndexFunc(text, func(r rune) bool { return !inAddress(r) && !strings.ContainsRune("_%+", r) }); i >= 0 {
		_, size := utf8.DecodeRuneInString(text[i:])
		text = text[i+size:]
	}
	return text
}

// head is the beginning of a text that can be the host behind an @, at most the 253 bytes that it may have.
func head(text string) string {
	text = strings.ToValidUTF8(text[:min(len(text), 253)], " ")
	if i := strings.IndexFunc(text, func(r rune) bool { return !inAddress(r) }); i >= 0 {
		text = text[:i]
	}
	return strings.Trim(text, ".-")
}

func inAddress(r rune) bool { return r == '.' || r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r) }

func isDomain(label string) bool {
	return utf8.RuneCountInString(label) >= 2 && strings.IndexFunc(label, func(r rune) bool { return !unicode.IsLetter(r) }) < 0
}

// phone has the forms that people write: with a country code, as in Germany with area code and groups, as in France in pairs, as in
// North America, and without any separator.
var phone = regexp.MustCompile(`\+[1-9](?:[ ()./\-]{0,3}[0-9]){7,14}` +
	`|00[1-9](?:[ ()./\-]{0,3}[0-9]){8,13}` +
	`|\(?0[1-9][0-9]{1,4}\)?(?:[ ./\-]{1,3}[0-9]{2,8}){1,3}` +
	`|0[1-9](?:[ .\-][0-9]{2}){4}` +
	`|0[1-9][0-9]{8,11}` +
	`|\(?[2-9][0-9]{2}\)?[ .\-]{1,2}[0-9]{3}[ .\-][0-9]{4}`)

// minDigits is how many digits the shortest numbers with an area code have.
const minDigits = 9

func phones(text string) (found []string) {
	for _, at := range phone.FindAllStringIndex(text, 10*maxFound) {
		number := text[at[0]:at[1]]
		digits := strings.Count(strings.Map(digitsOnly, number), "0")
		before, _ := utf8.DecodeLastRuneInString(text[:at[0]])
		after, _ := utf8.DecodeRuneInString(text[at[1]:])
		plus := number[0] == '+' && digits >= minDigits-1
		if !plus && digits < minDigits || partOfMore(before) || groupBefore(text[:at[0]]) || unicode.IsLetter(after) || unicode.IsDigit(after) {
			continue
		}
		if found = append(found, number); len(found) == maxFound {
			break
		}
	}
	return found
}

func digitsOnly(r rune) rune {
	if '0' <= r && r <= '9' {
		return '0'
	}
	return -1
}

// partOfMore reports whether what follows the rune is the rest of something else, such as an order number.
func partOfMore(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-#/_.=", r))
}

// groupBefore reports whether a group of digits stands before, as in an account number.
func groupBefore(text string) bool {
	trimmed := strings.TrimRight(text, " ")
	return len(trimmed) < len(text) && trimmed != "" && unicode.IsDigit(rune(trimmed[len(trimmed)-1]))
}

// short cuts what is quoted in an error.
func short(text string) string {
	if len(text) <= 100 {
		return text
	}
	return strings.ToValidUTF8(text[:100], "") + "…"
}
