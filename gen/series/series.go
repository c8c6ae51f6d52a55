// SPDX-License-Identifier: GPL-2.0

package main

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
)

// A series is what kernel/series says: messages and what each patch consists of.
type series struct {
	date    time.Time
	base    string // kernel line of the hooks, as in 6.12
	prefix  string // as in "PATCH v2"
	subject string
	body    string
	patches []*patch
}

// A patch is one logical change.
type patch struct {
	subject string
	globs   []string // files of kernel/tree
	hooks   []string // patches in kernel/hooks/<base>, without .patch
	body    string

	files []*file // what globs match, sorted
	edits []*hook // the hooks' contents
}

// blockEnd is the line that ends a block of kernel/series.
const blockEnd = "%%"

// keys of a block's header: those of the first block, the cover letter, and
// those of a patch. The value tells whether the key may appear more than once.
var (
	coverKeys = map[string]bool{"Subject": false, "Date": false, "Base": false, "Prefix": false}
	patchKeys = map[string]bool{"Subject": false, "Files": true, "Hooks": true}
)

// parseSeries reads kernel/series.
func parseSeries(text string) (*series, error) {
	s := &series{}
	for n, b := range blocks(text) {
		known := patchKeys
		if n == 0 {
			known = coverKeys
		}
		head, body, err := parseBlock(b.text, known)
		if err != nil {
			return nil, fmt.Errorf("line %d: block %d: %w", b.line, n, err)
		}
		if n == 0 {
			err = s.setCover(head, body)
		} else {
			err = s.addPatch(head, body)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: block %d: %w", b.line, n, err)
		}
	}
	if len(s.patches) == 0 {
		return nil, errors.New("there is no patch in the series")
	}
	return s, nil
}

type block struct {
	text string
	line int // of its first line
}

// blocks splits the file. Lines before the first key that begin with # are
// comments.
func blocks(text string) []block {
	var all []block
	cur := block{line: 1}
	line := 0
	for l := range strings.Lines(text) {
		line++
		switch {
		case strings.TrimSpace(l) == blockEnd:
			all = append(all, cur)
			cur = block{line: line + 1}
		case strings.TrimSpace(cur.text) == "" && (strings.HasPrefix(l, "#") || strings.TrimSpace(l) == ""):
			cur.line = line + 1
		default:
			cur.text += l
		}
	}
	if strings.TrimSpace(cur.text) != "" {
		all = append(all, cur)
	}
	return all
}

// parseBlock separates "Key: value" lines from the paragraphs behind them.
func parseBlock(text string, known map[string]bool) (map[string][]string, string, error) {
	head := map[string][]string{}
	rest := text
	for rest != "" {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		if strings.TrimSpace(line) == "" {
			break
		}
		key, value, ok := strings.Cut(line, ":")
		many, exists := known[key]
		if !ok || !exists {
			return nil, "", fmt.Errorf("%q is no header line (an empty line ends the header)", line)
		}
		if len(head[key]) > 0 && !many {
			return nil, "", fmt.Errorf("%s is there twice", key)
		}
		head[key] = append(head[key], strings.TrimSpace(value))
	}
	body := strings.TrimSpace(rest)
	if len(head["Subject"]) == 0 || head["Subject"][0] == "" {
		return nil, "", errors.New("there is no Subject")
	}
	if body == "" {
		return nil, "", fmt.Errorf("%q has no message", head["Subject"][0])
	}
	for line := range strings.Lines(body) {
		// git am would end the message here.
		for _, bad := range []string{"---", "diff ", "Index: "} {
			if strings.HasPrefix(line, bad) {
				return nil, "", fmt.Errorf("a line of a message cannot begin with %q", bad)
			}
		}
	}
	return head, body, nil
}

func (s *series) setCover(head map[string][]string, body string) error {
	one := func(key, otherwise string) string {
		if v := head[key]; len(v) > 0 {
			return v[0]
		}
		return otherwise
	}
	var err error
	if s.date, err = time.Parse(time.RFC3339, one("Date", "")); err != nil {
		return fmt.Errorf("Date: %w", err)
	}
	s.subject, s.body = one("Subject", ""), body
	s.prefix = one("Prefix", "PATCH")
	if s.base = one("Base", ""); s.base == "" {
		return errors.New("there is no Base (the kernel line, as in 6.12)")
	}
	return nil
}

func (s *series) addPatch(head map[string][]string, body string) error {
	p := &patch{subject: head["Subject"][0], body: body}
	for _, v := range head["Files"] {
		p.globs = append(p.globs, strings.Fields(v)...)
	}
	for _, v := range head["Hooks"] {
		p.hooks = append(p.hooks, strings.Fields(v)...)
	}
	if len(p.globs)+len(p.hooks) == 0 {
		return fmt.Errorf("%q has neither Files nor Hooks", p.subject)
	}
	for _, g := range p.globs {
		if _, err := path.Match(g, ""); err != nil {
			return fmt.Errorf("%s: %w", g, err)
		}
	}
	s.patches = append(s.patches, p)
	return nil
}

// matches reports whether a glob covers a file: one that ends in / covers all
// that is below.
func matches(glob, name string) bool {
	if strings.HasSuffix(glob, "/") {
		return strings.HasPrefix(name, glob)
	}
	ok, _ := path.Match(glob, name)
	return ok
}
