// SPDX-License-Identifier: GPL-2.0

package kernlog

import (
	"regexp"
	"strconv"
	"syscall"
)

// errorTag opens a message that carries an errno.
var errorTag = regexp.MustCompile(`^\[err -(\d+)\] ?`)

// Errors returns the messages that report an error, in order, with the name of
// the errno in place of its number.
func (l *Log) Errors() []string {
	var errs []string
	for _, line := range l.Lines() {
		if m := errorTag.FindStringSubmatch(line); m != nil {
			errs = append(errs, line[len(m[0]):]+": "+errnoText(m[1]))
		}
	}
	return errs
}

// Reason is the first error: those behind it follow from it. It is empty when
// there is none.
func (l *Log) Reason() string {
	errs := l.Errors()
	if len(errs) == 0 {
		return ""
	}
	return errs[0]
}

func errnoText(digits string) string {
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return "error " + digits
	}
	return syscall.Errno(n).Error()
}
