// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// A Message is a text with which the kernel refuses something, or says that it will be different after a restart.
type Message struct {
	// File and Line are where it stands, the file below kernel/tree.
	File string
	Line int

	// Func is the function that reports it: ckpt_refuse, ckpt_err, ckpt_warn, or the one that returns it as a reason.
	Func string

	// Errno is the error as the source has it, without the sign; empty where it is not a constant.
	Errno string

	// Text is the format.
	Text string

	// Required says that a row has to account for the message.
	Required bool
}

func (m Message) String() string { return fmt.Sprintf("%s:%d: %s: %q", m.File, m.Line, m.Func, m.Text) }

// calls are the functions that report, and whether each message of theirs needs a row. An error that is no refusal,
// such as a damaged image, needs none; but a row may name one.
var calls = map[string]bool{"ckpt_refuse": true, "REFUSE": true, "ckpt_warn": true, "ckpt_err": false}

// carrier ends a format whose reason comes from a function that returns one.
const carrier = ": %s"

// Messages collects the messages of all C files below dir.
func Messages(dir string) ([]Message, error) {
	var all []Message
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".c" {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		messages, err := parse(filepath.ToSlash(rel), string(source))
		all = append(all, messages...)
		return err
	})
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("%s: no messages", dir)
	}
	return all, err
}

var (
	identifier = regexp.MustCompile(`\b[A-Za-z_]\w*\b`)
	constant   = regexp.MustCompile(`^-(E[A-Z0-9]+)$`)
	literals   = regexp.MustCompile(`^("(?:[^"\\]|\\.)*"\s*)+$`)
	literal    = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	function   = regexp.MustCompile(`(?m)^(?:static )?const char \*(ckpt_\w+)\(`)
	reason     = regexp.MustCompile(`(?s)\b(?:return|what =|why =)\s([^;]*);`)
)

// parse finds the messages of one file.
func parse(file, source string) ([]Message, error) {
	source = blankComments(source)
	line := func(pos int) int { return 1 + strings.Count(source[:pos], "\n") }
	var all []Message
	for _, at := range identifier.FindAllStringIndex(source, -1) {
		name := source[at[0]:at[1]]
		required, ok := calls[name]
		if !ok || at[1] == len(source) || source[at[1]] != '(' {
			continue
		}
		args, err := arguments(source[at[1]:])
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %s: %w", file, line(at[0]), name, err)
		}
		m := Message{File: file, Line: line(at[0]), Func: name, Required: required}
		found := false
		for _, arg := range args {
			switch {
			case constant.MatchString(arg):
				m.Errno = constant.FindStringSubmatch(arg)[1]
			case literals.MatchString(arg):
				m.Text, err = unquote(arg)
				found = true
			}
			if found || err != nil {
				break
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %s: %w", file, line(at[0]), name, err)
		}
		if !found {
			if declares(args) {
				continue
			}
			// Two texts with one errno: a ternary in place of a format.
			if texts := literal.FindAllString(strings.Join(args, " "), -1); len(texts) > 0 && !required {
				for _, text := range texts {
					m.Text, _ = strconv.Unquote(text)
					all = append(all, m)
				}
				continue
			}
			return nil, fmt.Errorf("%s:%d: %s has no constant text", file, line(at[0]), name)
		}
		if strings.HasSuffix(m.Text, carrier) {
			m.Required = false
		}
		all = append(all, m)
	}
	reasons, err := reasons(file, source, line)
	return append(all, reasons...), err
}

// reasons finds what the functions that return a reason return.
func reasons(file, source string, line func(int) int) ([]Message, error) {
	var all []Message
	for _, at := range function.FindAllStringSubmatchIndex(source, -1) {
		end := strings.Index(source[at[0]:], "\n}")
		if end < 0 {
			return nil, fmt.Errorf("%s:%d: function without an end", file, line(at[0]))
		}
		body := source[at[0] : at[0]+end+3]
		for _, s := range reason.FindAllStringSubmatchIndex(body, -1) {
			for _, l := range literal.FindAllStringIndex(body[s[2]:s[3]], -1) {
				text, err := strconv.Unquote(body[s[2]:s[3]][l[0]:l[1]])
				if err != nil {
					return nil, fmt.Errorf("%s:%d: %w", file, line(at[0]+s[2]+l[0]), err)
				}
				all = append(all, Message{
					File: file, Line: line(at[0] + s[2] + l[0]), Func: source[at[2]:at[3]], Text: text, Required: true,
				})
			}
		}
	}
	return all, nil
}

// declares says that these are the arguments of a declaration, or those that one reporting function hands to another.
func declares(args []string) bool {
	for _, arg := range args {
		if arg == "fmt" || strings.HasPrefix(arg, "const char *") {
			return true
		}
	}
	return false
}

// blankComments replaces comments, and the continuation of lines, by blanks: positions stay.
func blankComments(source string) string {
	b := []byte(source)
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '"' || b[i] == '\'':
			for quote := b[i]; i+1 < len(b); {
				i++
				if b[i] == '\\' {
					i++
				} else if b[i] == quote {
					break
				}
			}
		case b[i] == '\\':
			b[i] = ' '
		case b[i] == '/' && i+1 < len(b) && b[i+1] == '*':
			end := strings.Index(source[i+2:], "*/")
			if end < 0 {
				end = len(source) - i - 4
			}
			for j := i; j < i+2+end+2 && j < len(b); j++ {
				if b[j] != '\n' {
					b[j] = ' '
				}
			}
			i += end + 3
		}
	}
	return string(b)
}

// arguments splits what stands in the parentheses with which source begins.
func arguments(source string) ([]string, error) {
	var args []string
	depth, start := 0, 1
	for i := 0; i < len(source); i++ {
		switch source[i] {
		case '"':
			for i++; i < len(source) && source[i] != '"'; i++ {
				if source[i] == '\\' {
					i++
				}
			}
		case '(', '{':
			depth++
		case ')', '}':
			depth--
			if depth == 0 {
				return append(args, strings.TrimSpace(source[start:i])), nil
			}
		case ',':
			if depth == 1 {
				args = append(args, strings.TrimSpace(source[start:i]))
				start = i + 1
			}
		}
	}
	return nil, fmt.Errorf("parentheses do not close")
}

// unquote joins adjacent string literals.
func unquote(arg string) (string, error) {
	var text strings.Builder
	for _, l := range literal.FindAllString(arg, -1) {
		s, err := strconv.Unquote(l)
		if err != nil {
			return "", fmt.Errorf("%s: %w", l, err)
		}
		text.WriteString(s)
	}
	return text.String(), nil
}
