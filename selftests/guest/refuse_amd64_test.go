// SPDX-License-Identifier: GPL-2.0

package guest

import "testing"

func TestRefuseX86(t *testing.T) {
	refuse(t,
		refusal{variant: "ldt", words: []string{"ldt"}},
		refusal{variant: "ioperm", words: []string{"i/o", "ioperm"}},
		refusal{variant: "iopl", words: []string{"i/o", "iopl"}})
}
