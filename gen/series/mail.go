// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// identity is the author of every patch.
const identity = "linux-cr developers <linux-cr@example.org>"

// A mail is one file of the series.
type mail struct {
	name string
	text string
}

// mails renders the series; coverage goes into the cover letter.
func (s *series) mails(coverage string) []mail {
	total := len(s.patches)
	cover := diffstat{}
	var all []mail
	for n, p := range s.patches {
		diff := p.diff()
		stat := countDiff(diff)
		cover.add(stat)
		text := s.head(n+1, total, p.subject) + p.body + "\n\nSigned-off-by: " + identity + "\n---\n" +
			stat.String() + "\n" + diff + signature
		all = append(all, mail{fmt.Sprintf("%04d-%s.patch", n+1, slug(p.subject)), text})
	}
	text := s.head(0, total, s.subject) + s.body + "\n\n"
	if coverage = strings.TrimSpace(coverage); coverage != "" {
		text += coverage + "\n\n"
	}
	for n, p := range s.patches {
		text += fmt.Sprintf("%4d  %s\n", n+1, p.subject)
	}
	text += "\n" + cover.String() + "\n" + signature
	return append([]mail{{"0000-cover-letter.patch", text}}, all...)
}

// signature is how a mail ends, as git format-patch writes it.
const signature = "-- \nlinux-cr\n\n"

// head is what stands before the message. The date grows by a minute per mail,
// so that mail programs keep the order.
func (s *series) head(n, total int, subject string) string {
	width := len(fmt.Sprint(total))
	date := s.date.Add(time.Duration(n) * time.Minute).Format(time.RFC1123Z)
	return "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\n" +
		"From: " + identity + "\n" +
		"Date: " + date + "\n" +
		fmt.Sprintf("Subject: [%s %0*d/%d] %s\n", s.prefix, width, n, total, subject) +
		"MIME-Version: 1.0\n" +
		"Content-Type: text/plain; charset=UTF-8\n" +
		"Content-Transfer-Encoding: 8bit\n\n"
}

// slug makes a file name of a subject.
func slug(subject string) string {
	words := strings.FieldsFunc(subject, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '.'
	})
	name := strings.Join(words, "-")
	if len(name) > 52 {
		name = name[:52]
	}
	return strings.TrimRight(name, "-.")
}

// diff is the patch itself: the new files, then the edits of existing ones.
func (p *patch) diff() string {
	var b strings.Builder
	for _, f := range p.files {
		b.WriteString(f.diff())
	}
	for _, h := range p.edits {
		b.WriteString(h.diff)
	}
	return b.String()
}

// diff adds the file.
func (f *file) diff() string {
	mode := "100644"
	if f.exec {
		mode = "100755"
	}
	lines := strings.Count(f.data, "\n")
	count := fmt.Sprintf("1,%d", lines)
	if lines == 1 {
		count = "1"
	}
	return fmt.Sprintf("diff --git a/%[1]s b/%[1]s\nnew file mode %[2]s\n--- /dev/null\n+++ b/%[1]s\n@@ -0,0 +%[3]s @@\n+", f.name, mode, count) +
		strings.ReplaceAll(strings.TrimSuffix(f.data, "\n"), "\n", "\n+") + "\n"
}
