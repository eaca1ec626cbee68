package sms

import "sync"

// Kinds of plain forms.
const (
	kindSign      = iota // replaced at every level
	kindInvisible        // dropped at every level if the text then fits GSM7
	kindLetter           // replaced at the level Letters
)

// A plainForm stands for a character which is not in the default alphabet.
type plainForm struct {
	to   string
	kind uint8
}

func (f plainForm) allowed(level Level, invisible bool) bool {
	switch f.kind {
	case kindInvisible:
		return invisible
	case kindLetter:
		return level >= Letters
	}
	return true
}

// invisibleMarks shape what stands beside them: joiners and variation selectors
// an emoji or an Indic letter, the others the direction of a text.
const invisibleMarks = "\u061C\u200C\u200D\u200E\u200F\u202A\u202B\u202C\u202D\u202E" +
	"\u2066\u2067\u2068\u2069\uFE0E\uFE0F"

// signs lists characters and what stands for each of them.
var signs = [...]struct{ from, to string }{
	{"\u00AD\u034F\u180E\u200B\u2060\u2061\u2062\u2063\u2064\uFEFF", ""},
	{"\t\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u202F\u205F\u3000", " "},
	{"\v\u0085\u2028\u2029", "\n"},
	{"“”„‟«»″‶〝〞〟＂❝❞", "\""},
	{"‘’‚‛‹›′‵`´ʹʻʼʽˈ＇❛❜", "'"},
	{"‐‑‒–—―−⁃﹘﹣－", "-"},
	{"…", "..."}, {"‥", ".."}, {"․·‧∙。", "."},
	{"•‣◦●▪", "*"}, {"∗✱＊", "*"},
	{"、，", ","}, {"；\u037E", ";"}, {"：", ":"}, {"！", "!"}, {"？", "?"},
	{"（", "("}, {"）", ")"}, {"［", "["}, {"］", "]"}, {"｛", "{"}, {"｝", "}"},
	{"＆", "&"}, {"＋", "+"}, {"％", "%"}, {"＃﹟", "#"}, {"＠﹫", "@"}, {"＄﹩", "$"}, {"￡", "£"}, {"￥", "¥"},
	{"⁄∕／", "/"}, {"∖＼", "\\"}, {"¦｜∣", "|"}, {"∼～˜", "~"}, {"ˆ＾", "^"}, {"‗＿", "_"},
	{"＜〈", "<"}, {"＞〉", ">"}, {"＝", "="},
	{"×✕✖", "x"}, {"÷", "/"}, {"→", "->"}, {"←", "<-"}, {"⇒", "=>"}, {"≤", "<="}, {"≥", ">="}, {"≠", "!="},
	{"‼", "!!"}, {"⁇", "??"}, {"⁈", "?!"}, {"⁉", "!?"},
	{"½", "1/2"}, {"¼", "1/4"}, {"¾", "3/4"}, {"⅓", "1/3"}, {"⅔", "2/3"},
	{"©", "(c)"}, {"®", "(R)"}, {"™", "(TM)"}, {"№", "No."}, {"℅", "c/o"}, {"\u2126", "Ω"}, {"\u212B", "Å"},
}

// letters lists letters and digits, and what stands for each of them. Most are
// the letters which Unicode decomposes into a Latin letter and marks.
var letters = [...]struct{ from, to string }{
	{"ÀÁÂÃĀĂĄǍǞǠǺȀȂȦḀẠẢẤẦẨẪẬẮẰẲẴẶΑΆ", "A"}, {"áâãāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặª", "a"},
	{"ḂḄḆΒ", "B"}, {"ḃḅḇ", "b"},
	{"ĆĈĊČḈ", "C"}, {"çćĉċčḉ", "c"},
	{"ÐĎĐḊḌḎḐḒ", "D"}, {"ðďđḋḍḏḑḓ", "d"},
	{"ÈÊËĒĔĖĘĚȄȆȨḔḖḘḚḜẸẺẼẾỀỂỄỆΕΈƏ", "E"}, {"êëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệə", "e"},
	{"Ḟ", "F"}, {"ḟ", "f"},
	{"ĜĞĠĢǦǴḠ", "G"}, {"ĝğġģǧǵḡ", "g"},
	{"ĤĦȞḢḤḦḨḪΗΉ", "H"}, {"ĥħȟḣḥḧḩḫẖ", "h"},
	{"ÌÍÎÏĨĪĬĮİǏȈȊḬḮỈỊΙΊΪ", "I"}, {"íîïĩīĭįıǐȉȋḭḯỉị", "i"},
	{"Ĵ", "J"}, {"ĵǰ", "j"},
	{"ĶǨḰḲḴΚ", "K"}, {"ĸķǩḱḳḵ", "k"},
	{"ĹĻĽĿŁḶḸḺḼ", "L"}, {"ĺļľŀłḷḹḻḽ", "l"},
	{"ḾṀṂΜ", "M"}, {"ḿṁṃ", "m"},
	{"ŃŅŇǸṄṆṈṊΝ", "N"}, {"ńņňǹṅṇṉṋ", "n"}, {"ŉ", "'n"}, {"Ŋ", "NG"}, {"ŋ", "ng"},
	{"ÒÓÔÕŌŎŐƠǑǪǬȌȎȪȬȮȰṌṎṐṒỌỎỐỒỔỖỘỚỜỞỠỢΟΌ", "O"}, {"óôõōŏőơǒǫǭȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợº", "o"},
	{"ṔṖΡ", "P"}, {"ṕṗ", "p"},
	{"ŔŖŘȐȒṘṚṜṞ", "R"}, {"ŕŗřȑȓṙṛṝṟ", "r"},
	{"ŚŜŞŠȘṠṢṤṦṨ", "S"}, {"śŝşšșſṡṣṥṧṩ", "s"},
	{"ŢŤŦȚṪṬṮṰΤ", "T"}, {"ţťŧțṫṭṯṱẗ", "t"},
	{"ÙÚÛŨŪŬŮŰŲƯǓǕǗǙǛȔȖṲṴṶṸṺỤỦỨỪỬỮỰ", "U"}, {"úûũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữự", "u"},
	{"ṼṾ", "V"}, {"ṽṿ", "v"},
	{"ŴẀẂẄẆẈ", "W"}, {"ŵẁẃẅẇẉẘ", "w"},
	{"ẊẌΧ", "X"}, {"ẋẍ", "x"},
	{"ÝŶŸȲẎỲỴỶỸΥΎΫ", "Y"}, {"ýÿŷȳẏẙỳỵỷỹ", "y"},
	{"ŹŻŽẐẒẔΖ", "Z"}, {"źżžẑẓẕ", "z"}, {"Ώ", "Ω"},
	{"Œ", "OE"}, {"œ", "oe"}, {"Ĳ", "IJ"}, {"ĳ", "ij"}, {"Þ", "Th"}, {"þ", "th"}, {"ẞ", "ß"},
	{"Ǆǅ", "DZ"}, {"ǆ", "dz"}, {"Ǉǈ", "LJ"}, {"ǉ", "lj"}, {"Ǌǋ", "NJ"}, {"ǌ", "nj"},
	{"ﬀ", "ff"}, {"ﬁ", "fi"}, {"ﬂ", "fl"}, {"ﬃ", "ffi"}, {"ﬄ", "ffl"}, {"ﬅﬆ", "st"},
	{"⁰", "0"}, {"¹", "1"}, {"²", "2"}, {"³", "3"},
}

// composed holds the letters of the default alphabet which have an accent.
var composed = map[[2]rune]rune{
	{'a', 0x300}: 'à', {'e', 0x300}: 'è', {'i', 0x300}: 'ì', {'o', 0x300}: 'ò', {'u', 0x300}: 'ù',
	{'e', 0x301}: 'é', {'E', 0x301}: 'É', {'n', 0x303}: 'ñ', {'N', 0x303}: 'Ñ',
	{'a', 0x308}: 'ä', {'o', 0x308}: 'ö', {'u', 0x308}: 'ü', {'A', 0x308}: 'Ä', {'O', 0x308}: 'Ö', {'U', 0x308}: 'Ü',
	{'a', 0x30A}: 'å', {'A', 0x30A}: 'Å', {'C', 0x327}: 'Ç',
}

// plainForms returns the table of replacements. It is made on first use, as a
// program which only counts has no need of it.
var plainForms = sync.OnceValue(func() map[rune]plainForm {
	t := map[rune]plainForm{}
	for _, r := range invisibleMarks {
		t[r] = plainForm{kind: kindInvisible}
	}
	for _, s := range signs {
		for _, r := range s.from {
			t[r] = plainForm{s.to, kindSign}
		}
	}
	for _, l := range letters {
		for _, r := range l.from {
			t[r] = plainForm{l.to, kindLetter}
		}
	}
	for i := range 26 { // the full-width forms from U+FF21 and U+FF41
		t[rune(0xFF21+i)] = plainForm{string(rune('A' + i)), kindLetter}
		t[rune(0xFF41+i)] = plainForm{string(rune('a' + i)), kindLetter}
	}
	for i := range 10 {
		t[rune(0xFF10+i)] = plainForm{string(rune('0' + i)), kindLetter}
	}
	return t
})
