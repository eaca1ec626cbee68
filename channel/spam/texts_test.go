package spam_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel/spam"
)

// Sentences of a shop's mail, written for these tests. A mail is a few of one list, in an order of its own, with names and numbers that
// differ from mail to mail.
var (
	goodEnglish = []string{
		"I ordered the %s lamp on Monday and have not received it yet.", "My order number is %d.", "Could you please tell me when it will be shipped?",
		"The tracking page has shown the same status since Friday.", "The left door of the cabinet arrived with a scratch.", "I attached two photos of the damage.",
		"Would it be possible to send a replacement part?", "I would rather not send the whole thing back.", "Please change the delivery address to Elm Street %d.",
		"We are on holiday until the %dth.", "The invoice shows the wrong company name.", "Our accounting needs the VAT number on it.", "Is the %s chair available in green?",
		"Does the price include shipping?", "I paid with a credit card.", "The discount code from the newsletter did not work.", "Thank you very much for the quick answer!",
		"Your colleague was very friendly on the phone.", "I will call again tomorrow.", "Kind regards, %s", "Can I pick it up at your store instead?",
		"How long is the warranty?", "The screws for the legs are missing.", "Do you also sell spare bulbs for free delivery orders?", "Sorry for the late reply.",
	}
	goodGerman = []string{
		"Leider ist meine Bestellung %d noch nicht angekommen.", "Können Sie mir bitte sagen, wann sie verschickt wird?", "Die Rechnung enthält einen falschen Firmennamen.",
		"Ich habe zwei Fotos vom Schaden angehängt.", "Ist eine Ersatzlieferung möglich?", "Vielen Dank für die schnelle Antwort!", "Gibt es den Stuhl auch in Grün?",
		"Bitte ändern Sie die Lieferadresse auf Gartenstraße %d.", "Wir sind bis zum %d. im Urlaub.", "Mit freundlichen Grüßen, %s", "Die Schrauben für die Beine fehlen.",
		"Wie lange gilt die Garantie?", "Ich möchte den Artikel zurückschicken.", "Der Rabattcode hat leider nicht funktioniert.", "Kann ich die Ware im Laden abholen?",
	}
	badEnglish = []string{
		"Congratulations, you have been selected as a winner of our lottery!", "Claim your prize of $%d,000,000 today!!!", "Click here: http://%s-prizes.example/claim?id=%d",
		"Cheap pills without prescription, up to 80%% OFF.", "Buy now and get two for FREE!", "Lose %d pounds in one week with this secret.", "Your account has been suspended, verify your password at http://%s.example/login",
		"I am the widow of a minister and wish to transfer funds to you.", "Send your bank details to receive the money.", "LIMITED TIME OFFER, act now!!!", "Hot singles in your area want to meet you.",
		"We offer SEO services to bring your website to the top of Google.", "100%% guaranteed, no risk, money back.", "Earn $%d per day working from home!", "Unsubscribe: http://%s.example/u",
		"Replica watches at the lowest prices.", "Invest in crypto now and double your money in 24 hours!", "Dear beneficiary, your fund of $%d is approved.",
	}
	badGerman = []string{
		"Herzlichen Glückwunsch, Sie haben gewonnen!", "Sichern Sie sich jetzt Ihren Gewinn von %d.000 EUR!!!", "Hier klicken: http://%s-gewinn.example/", "Abnehmen ohne Diät, %d Kilo in einer Woche!",
		"Günstige Potenzmittel ohne Rezept, 80%% Rabatt.", "Ihr Konto wurde gesperrt, bestätigen Sie Ihr Passwort: http://%s.example/login", "NUR HEUTE: GRATIS dazu!", "Verdienen Sie %d EUR am Tag von zu Hause!",
		"Investieren Sie jetzt in Krypto und verdoppeln Sie Ihr Geld!", "100%% garantiert, kein Risiko.",
	}
)

var names = []string{"Anna", "Marta", "Jonas", "Li", "Peter", "Zoe", "Ahmed", "Olga", "Ines", "Tom"}

// mail makes a mail of so many sentences.
func mail(rnd *rand.Rand, sentences []string, n int) string {
	var b strings.Builder
	for i := range n {
		s := sentences[rnd.IntN(len(sentences))]
		var args []any
		for j := 0; j+1 < len(s); j++ {
			if s[j] != '%' {
				continue
			}
			switch j++; s[j] {
			case 's':
				args = append(args, names[rnd.IntN(len(names))])
			case 'd':
				args = append(args, 2+rnd.IntN(900))
			}
		}
		fmt.Fprintf(&b, s, args...)
		b.WriteString([]string{" ", " ", "\n", "\n\n"}[i%4])
	}
	return b.String()
}

// mails makes marks: of five good mails one is spam, in two languages.
func mails(seed uint64, n, short, long int) (out []marked) {
	rnd := rand.New(rand.NewPCG(seed, 2))
	for i := range n {
		lists := [][]string{goodEnglish, goodGerman, goodEnglish, goodEnglish, badEnglish}
		if i%10 == 9 {
			lists[4] = badGerman
		}
		out = append(out, marked{mail(rnd, lists[i%5], short+rnd.IntN(long-short+1)), i%5 == 4})
	}
	return out
}

func TestMailOfAnyLength(t *testing.T) {
	m := learned(mails(1, 200, 3, 12))
	for _, size := range []struct{ short, long int }{{2, 4}, {5, 15}, {50, 100}, {400, 600}} {
		o := try(m, mails(uint64(size.short), 500, size.short, size.long))
		o.log(t, fmt.Sprintf("mails of %d to %d sentences", size.short, size.long))
		assert.LessOrEqual(t, o.hamBlocked(), 0.005)
		assert.GreaterOrEqual(t, o.mcc(), 0.95)
	}
}

// What a long text says adds up to no more certainty than what a short one says: one bad sentence does not make a long good mail spam, and
// a score still tells two long mails apart.
func TestLongTextsDoNotSaturate(t *testing.T) {
	m := learned(mails(1, 200, 3, 12))
	rnd := rand.New(rand.NewPCG(3, 3))
	long := mail(rnd, goodEnglish, 120)
	for i := range 30 {
		v := m.Classify(long + mail(rnd, badEnglish, 1) + mail(rnd, goodGerman, 10))
		assert.False(t, v.Spam, "mail %d quotes one bad sentence", i)
	}
	var scores []float64
	for _, n := range []int{0, 5, 10, 20, 80} {
		scores = append(scores, m.Classify(mail(rnd, goodEnglish, 20)+mail(rnd, badEnglish, n)).Score)
	}
	assert.IsIncreasing(t, scores)
	assert.Less(t, scores[len(scores)-1], 1.0)
	assert.Greater(t, scores[0], 0.0)
	once := mail(rnd, badEnglish, 6)
	assert.InDelta(t, m.Classify(once).Score, m.Classify(strings.Repeat(once, 200)).Score, 0.05, "saying it again adds nothing")
}

// A model of English and German marks knows nothing of other languages, and does not judge them by punctuation and numbers.
func TestWhatNobodyMarkedIsNotSpam(t *testing.T) {
	m := learned(mails(1, 400, 3, 12))
	for _, text := range []string{
		"", " ", "?", "!!!", "12345", "👍", "👍👍👍", "+49 151 12345678", "🙏🏽 😀", "xyzzy plugh", "Ok", "\x00\xff", "...",
		"Где мой заказ 4711? Он должен был прийти в понедельник!!! http://example.com/track",
		"注文した商品がまだ届きません。注文番号は4711です。よろしくお願いします！",
		"我上周下的订单还没有收到，订单号是4711，请帮忙查一下。谢谢！",
		"أين طلبي رقم 4711؟ كان من المفترض أن يصل يوم الاثنين!", "Πού είναι η παραγγελία μου 4711; Έπρεπε να είχε έρθει τη Δευτέρα!",
		"สินค้าที่สั่งไปยังไม่มาเลยค่ะ เลขที่ 4711", "Siparişim 4711 nerede? Pazartesi günü gelmesi gerekiyordu!", "Zamówienie 4711 jeszcze nie dotarło, proszę o informację!",
		"¿Dónde está mi pedido 4711? ¡Tenía que llegar el lunes!", "주문한 상품이 아직 도착하지 않았습니다. 주문번호 4711",
	} {
		v := m.Classify(text)
		assert.False(t, v.Spam, "%q: %v", text, m.Explain(text, 5).Words)
		check(t, v)
	}
}

// Scripts without spaces, and others, are learned like any.
func TestOtherLanguagesAreLearned(t *testing.T) {
	good := []string{"注文した商品がまだ届きません。", "配送状況を教えてください。", "返品したいのですが。", "請求書をもう一度送ってください。", "色を変更できますか。", "届いた商品に傷がありました。"}
	bad := []string{"おめでとうございます！当選しました！", "今すぐクリックして賞金を受け取ってください！", "無料で１００万円プレゼント！！！", "簡単に稼げる副業をご紹介します！", "期間限定！今だけ無料！"}
	var m spam.Model
	rnd := rand.New(rand.NewPCG(5, 5))
	for i := range 60 {
		m.Learn(mail(rnd, good, 2), false)
		if i%3 == 0 {
			m.Learn(mail(rnd, bad, 2), true)
		}
	}
	for i := range 40 {
		assert.False(t, m.Classify(mail(rnd, good, 1+i%5)).Spam)
		assert.True(t, m.Classify(mail(rnd, bad, 1+i%5)).Spam)
	}
}

func TestDisguises(t *testing.T) {
	m := learned(mails(1, 400, 3, 12))
	plain := "Claim your prize today!!! Buy now and get two for FREE!"
	require.True(t, m.Classify(plain).Spam)
	for name, text := range map[string]string{
		"invisible characters": strings.ReplaceAll(strings.ReplaceAll(plain, "prize", "pr\u200bi\u00adze"), "FREE", "FR\u2060EE"),
		"full width":           strings.ReplaceAll(strings.ReplaceAll(plain, "prize", "ｐｒｉｚｅ"), "FREE", "ＦＲＥＥ"),
		"elements":             "<div style=\"color:red\"><p>" + strings.ReplaceAll(plain, "! ", "!</p><p>") + "</p></div>",
	} {
		assert.True(t, m.Classify(text).Spam, name)
		for _, w := range m.Explain(plain, 3).Words {
			assert.Contains(t, words(m.Explain(text, 100)), w.Text, name)
		}
	}
	// Names and attributes of elements are no words.
	tagged := learned([]marked{{"<table class=\"offer\" bgcolor=\"#ffffff\"><td>Hello</td></table>", true}, {"Bye", false}})
	assert.NotContains(t, words(tagged.Explain("table class bgcolor offer", 50)), "bgcolor")
	assert.Contains(t, words(tagged.Explain("Hello", 50)), "hello")
	// A word whose letters are of two alphabets is told apart from the word it looks like.
	mixed := learned([]marked{{"Your \u0430ccount", true}, {"Your order", false}})
	assert.Contains(t, words(mixed.Explain("\u0440assword", 9)), "a word of mixed alphabets")
	assert.NotContains(t, words(mixed.Explain("password", 9)), "a word of mixed alphabets")
}

func words(v spam.Verdict) (out []string) {
	for _, w := range v.Words {
		out = append(out, w.Text)
	}
	return out
}

// The work that one text makes is bounded, whatever its length.
func TestWorkIsBounded(t *testing.T) {
	m := learned(mails(1, 100, 3, 12))
	var distinct strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&distinct, "w%d ", i*7919)
	}
	for _, text := range []string{"a", strings.Repeat("a", 100<<10), strings.Repeat("!", 100<<10), strings.Repeat("無料", 20<<10), strings.Repeat("<a ", 30<<10),
		strings.Repeat("a\u200b", 30<<10), strings.Repeat("e\u0301", 30<<10), strings.Repeat("\xff", 100<<10), distinct.String()} {
		p := spam.PrintOf(text)
		assert.LessOrEqual(t, len(p), spam.MaxFeatures)
		check(t, m.Explain(text, 10))
		if len(text) > spam.MaxText {
			assert.Equal(t, p, spam.PrintOf(text[:spam.MaxText]+"something else"), "what is behind MaxText is not read")
		}
	}
	assert.Len(t, spam.PrintOf(distinct.String()), spam.MaxFeatures)
}

func TestAModelThatCannotKnowBlocksNothing(t *testing.T) {
	var none, onlySpam, onlyHam spam.Model
	for _, x := range mails(1, 300, 3, 12) {
		onlySpam.Learn(x.text, true)
		onlyHam.Learn(x.text, false)
	}
	for _, x := range mails(9, 100, 3, 12) {
		for _, m := range []*spam.Model{&none, &onlySpam, &onlyHam} {
			assert.False(t, m.Classify(x.text).Spam)
		}
	}
	assert.True(t, none.Classify("").Advice)
	m := learned(mails(1, spam.Advise-1, 3, 12))
	assert.True(t, m.Classify("x").Advice, "49 marks advise")
	m.Learn("one more", false)
	assert.False(t, m.Classify("x").Advice, "50 decide")
}

func TestVerdictsAreExplained(t *testing.T) {
	m := learned(mails(1, 200, 3, 12))
	v := m.Explain("Claim your prize at http://win.example, my order 4711 has not been received", 100)
	byText := map[string]spam.Word{}
	for i, w := range v.Words {
		byText[w.Text] = w
		if i > 0 {
			assert.GreaterOrEqual(t, abs(v.Words[i-1].Weight), abs(w.Weight), "the heaviest first")
		}
	}
	assert.Greater(t, byText["prize"].Weight, 0.0)
	assert.Greater(t, byText["prize"].Spam, 0)
	assert.Zero(t, byText["prize"].Ham)
	assert.Greater(t, byText["a link"].Weight, 0.0)
	assert.Less(t, byText["order"].Weight, 0.0)
	assert.Less(t, byText["received"].Weight, byText["your"].Weight)
	assert.NotContains(t, byText, "win", "what was never learned explains nothing")
	assert.Len(t, m.Explain("Claim your prize at once", 2).Words, 2)
	assert.Empty(t, m.Explain("Claim your prize at once", -1).Words)
	assert.Empty(t, m.Classify("Claim your prize").Words)
}

func abs(f float64) float64 { return max(f, -f) }
