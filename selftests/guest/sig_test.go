// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"testing"
	"time"

	"linux-cr/selftests/guest/kit"
)

func TestSigHandlers(t *testing.T) {
	// A stopped program gets SIGCONT, for which this one has a handler of its own.
	kit.Run(t, kit.Case{Prog: "sig_handlers"}, kit.Case{Prog: "sig_inhandler"})
}

func TestSigPending(t *testing.T) {
	kit.Run(t, kit.Case{Prog: "sig_pending"})
}

func TestSigAltstack(t *testing.T) {
	for _, variant := range []string{"unused", "inside", "disarm"} {
		kit.Run(t, kit.Case{Prog: "sig_altstack", Variant: variant})
	}
}

func TestSigTimers(t *testing.T) {
	for _, variant := range []string{"real", "virtual", "prof", "fires"} {
		kit.Run(t, kit.Case{Prog: "sig_itimer", Variant: variant, Dead: 700 * time.Millisecond})
	}
}
