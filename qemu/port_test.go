package qemu

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"linux-cr/qemu/event"
)

func TestReadEvents(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     error
		events   int
		acked    bool
	}{
		{"complete", `{"kind":"ready"}` + "\n" + `{"kind":"exit","code":1}` + "\n" + `{"kind":"done"}` + "\n", nil, 2, true},
		{"nothing", "", ErrNoVerdict, 0, false},
		{"no end", `{"kind":"ready"}` + "\n", ErrNoVerdict, 1, false},
		{"half a line", `{"kind":"ready"}` + "\n" + `{"kind":"do`, ErrNoVerdict, 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var ack bytes.Buffer
			n := 0
			err := readEvents(struct {
				io.Reader
				io.Writer
			}{strings.NewReader(tt.in), &ack}, func(event.Event) { n++ })
			if !errors.Is(err, tt.want) || n != tt.events {
				t.Errorf("%d events and %v, want %d and %v", n, err, tt.events, tt.want)
			}
			if (ack.String() == event.Ack) != tt.acked {
				t.Errorf("acknowledged with %q", ack.String())
			}
		})
	}
	if err := readEvents(bytes.NewBufferString("nonsense\n"), nil); err == nil || errors.Is(err, ErrNoVerdict) {
		t.Errorf("nonsense gives %v", err)
	}
}
