package channel

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk/conversation"
)

func TestErrorTellsClassCodeWordsAndCause(t *testing.T) {
	tests := []struct {
		err  *Error
		want string
	}{
		{&Error{Class: Retry}, "channel: retry"},
		{&Error{Class: Content, Code: "100"}, "channel: content 100"},
		{&Error{Class: Content, Code: "100", Detail: "bad"}, "channel: content 100: bad"},
		{&Error{Class: Unknown, Err: io.EOF}, "channel: unknown: EOF"},
		{&Error{Class: ChannelDown, Code: "190", Detail: "expired", Err: io.EOF}, "channel: channel 190: expired: EOF"},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.want, tt.err.Error())
	}
}

func TestErrorUnwrapsToItsCause(t *testing.T) {
	assert.ErrorIs(t, &Error{Class: Retry, Err: fmt.Errorf("reading: %w", io.EOF)}, io.EOF)
	assert.NoError(t, (&Error{Class: Retry}).Unwrap())
}

func TestFailureSaysWhetherSendingAgainMayHelp(t *testing.T) {
	tests := map[Class]bool{Retry: true, ChannelDown: true, WindowClosed: true, Unknown: true, Recipient: false, Content: false}
	for class, retry := range tests {
		f := (&Error{Class: class, Code: "7", Detail: "words"}).Failure()
		assert.Equal(t, &conversation.Failure{Class: string(class), Code: "7", Detail: "words", Retry: retry}, f)
	}
}

func TestFailureKeepsTheBeginningOfLongWords(t *testing.T) {
	f := (&Error{Class: Content, Code: strings.Repeat("7", 1000), Detail: strings.Repeat("ö", 1<<20)}).Failure()
	assert.Equal(t, strings.Repeat("7", 200)+"…", f.Code)
	assert.Equal(t, strings.Repeat("ö", 1000)+"…", f.Detail)
}

func TestAsError(t *testing.T) {
	sorted := &Error{Class: Recipient}
	assert.Same(t, sorted, AsError(sorted))
	assert.Same(t, sorted, AsError(fmt.Errorf("sending: %w", sorted)))

	unsorted := errors.New("something")
	got := AsError(unsorted)
	assert.Equal(t, Unknown, got.Class)
	assert.ErrorIs(t, got, unsorted)
}

func TestSettingError(t *testing.T) {
	err := fmt.Errorf("opening: %w", &SettingError{Name: "Secret", Problem: "must hold a token"})
	assert.ErrorIs(t, err, ErrSetting)
	assert.NotErrorIs(t, err, ErrMalformed)
	assert.Equal(t, "opening: channel: setting Secret: must hold a token", err.Error())
	var se *SettingError
	assert.ErrorAs(t, err, &se)
	assert.Equal(t, "Secret", se.Name)
}
