// SPDX-License-Identifier: GPL-2.0

package saved

import "errors"

// Policy is what becomes of a file that is there and differs from what was saved.
type Policy int

// The policies. Fail is the default: nobody but the user knows whose work is the better one.
const (
	Fail      Policy = iota // the restart fails
	Keep                    // the file stays as it is
	Overwrite               // it gets the saved contents
)

var policies = [...]string{"fail", "keep", "overwrite"}

// Set makes a Policy a flag.
func (p *Policy) Set(text string) error {
	for i, name := range policies {
		if name == text {
			*p = Policy(i)
			return nil
		}
	}
	return errors.New("want fail, keep or overwrite")
}

func (p *Policy) String() string { return policies[*p] }

// Type is what the help shows.
func (*Policy) Type() string { return "fail|keep|overwrite" }
