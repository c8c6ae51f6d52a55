// SPDX-License-Identifier: GPL-2.0

package schema

import "testing"

func TestValidate(t *testing.T) {
	if err := Validate(); err != nil {
		t.Fatal(err)
	}
}
