// SPDX-License-Identifier: GPL-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// States of a row, in the order of the tables.
const (
	covered     = "covered"
	refused     = "refused"
	missing     = "missing"
	environment = "environment"
)

var states = []string{covered, refused, missing, environment}

// summarized are those that the README has a column for.
var summarized = []string{covered, refused, missing}

// A Kind is a group of rows.
type Kind struct {
	Kind string `yaml:"kind"`

	// Brief says the chief of the rows of each state for the README, in a few words.
	Brief map[string]string `yaml:"brief"`

	Rows []Row `yaml:"rows"`
}

// count is how many rows have a state.
func (k Kind) count(state string) int {
	n := 0
	for _, r := range k.Rows {
		if r.State == state {
			n++
		}
	}
	return n
}

// check wants a word about each state of which there are rows, and none about others.
func (k Kind) check() error {
	if k.Kind == "" || len(k.Rows) == 0 {
		return errors.New("without a name or without rows")
	}
	for state := range k.Brief {
		if !slices.Contains(summarized, state) {
			return fmt.Errorf("brief: there is no state %q in the table of the README", state)
		}
	}
	for _, state := range summarized {
		if (k.Brief[state] != "") != (k.count(state) > 0) {
			return fmt.Errorf("brief: it says %q of %d rows that are %s", k.Brief[state], k.count(state), state)
		}
	}
	return nil
}

// A Row is one thing that a task can have.
type Row struct {
	What  string `yaml:"what"`
	State string `yaml:"state"`

	// Errno is what the refusal fails with.
	Errno string `yaml:"errno"`

	// Message is a piece of the text with which the kernel reports it.
	Message string `yaml:"message"`

	// Note qualifies.
	Note string `yaml:"note"`
}

// Load reads and checks the list.
func Load(path string) ([]Kind, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	kinds, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return kinds, nil
}

func decode(data []byte) ([]Kind, error) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	var kinds []Kind
	if err := d.Decode(&kinds); err != nil {
		return nil, err
	}
	var errs []error
	seen := map[string]bool{}
	for _, k := range kinds {
		if err := k.check(); err != nil {
			errs = append(errs, fmt.Errorf("kind %q: %w", k.Kind, err))
		}
		if seen[k.Kind] {
			errs = append(errs, fmt.Errorf("kind %q: twice", k.Kind))
		}
		seen[k.Kind] = true
		for _, r := range k.Rows {
			if err := r.check(); err != nil {
				errs = append(errs, fmt.Errorf("%s: %s: %w", k.Kind, r.What, err))
			}
			if seen[k.Kind+"\x00"+r.What] {
				errs = append(errs, fmt.Errorf("%s: %s stands there twice", k.Kind, r.What))
			}
			seen[k.Kind+"\x00"+r.What] = true
		}
	}
	return kinds, errors.Join(errs...)
}

func (r Row) check() error {
	switch {
	case r.What == "":
		return errors.New("row without what")
	case !slices.Contains(states, r.State):
		return fmt.Errorf("state %q is none of %s", r.State, strings.Join(states, ", "))
	case strings.ContainsAny(r.What+r.Note+r.Message, "|\n"):
		return errors.New("a bar or a line break, which a table cannot show")
	case r.State == refused && (r.Errno == "" || r.Message == ""):
		return errors.New("a refusal needs errno and message")
	case r.State != refused && r.Errno != "":
		return errors.New("errno without a refusal")
	case r.Message != "" && r.State != refused && r.State != environment:
		return fmt.Errorf("message for a row that is %s", r.State)
	case r.State == missing && r.Note == "" && r.What != "":
		return errors.New("what is missing needs a note: what happens?")
	}
	return nil
}

// Compare says what the list and the kernel do not agree on.
func Compare(kinds []Kind, messages []Message) error {
	var errs []error
	for _, m := range messages {
		if !m.Required {
			continue
		}
		rows := matching(kinds, m)
		if len(rows) == 0 {
			errs = append(errs, fmt.Errorf("%v: no row of docs/coverage.yaml has it as message", m))
		}
		if m.Errno != "" && len(rows) > 0 && !slices.ContainsFunc(rows, func(r Row) bool { return r.Errno == m.Errno }) {
			errs = append(errs, fmt.Errorf("%v: %s, which no row with the message has", m, m.Errno))
		}
	}
	for _, k := range kinds {
		for _, r := range k.Rows {
			if r.Message == "" {
				continue
			}
			if !slices.ContainsFunc(messages, func(m Message) bool { return r.matches(m) }) {
				errs = append(errs, fmt.Errorf("docs/coverage.yaml: %s: %s: the kernel says nowhere %q with %s", k.Kind, r.What, r.Message, r.Errno))
			}
		}
	}
	return errors.Join(errs...)
}

func matching(kinds []Kind, m Message) []Row {
	var rows []Row
	for _, k := range kinds {
		for _, r := range k.Rows {
			if r.Message != "" && strings.Contains(m.Text, r.Message) {
				rows = append(rows, r)
			}
		}
	}
	return rows
}

// matches says that the message is that of the row. A reason has the errno of whoever reports it, and a warning none.
func (r Row) matches(m Message) bool {
	return strings.Contains(m.Text, r.Message) && (m.Errno == r.Errno || m.Errno == "")
}
