package kbuild

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A Config maps symbols without their CONFIG_ prefix to values; "n" stands for a symbol that is not set.
type Config map[string]string

var (
	configSet   = regexp.MustCompile(`^CONFIG_([A-Za-z0-9_]+)=(.*)$`)
	configUnset = regexp.MustCompile(`^# CONFIG_([A-Za-z0-9_]+) is not set$`)
)

// ParseConfig reads the format of .config files. Anything but a setting, a comment or an empty line is an error.
func ParseConfig(data []byte) (Config, error) {
	c := Config{}
	s := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; s.Scan(); n++ {
		line := strings.TrimSpace(s.Text())
		if m := configSet.FindStringSubmatch(line); m != nil {
			c[m[1]] = m[2]
		} else if m := configUnset.FindStringSubmatch(line); m != nil {
			c[m[1]] = "n"
		} else if line != "" && !strings.HasPrefix(line, "#") {
			return nil, fmt.Errorf("line %d: %q is no setting", n, line)
		}
	}
	return c, s.Err()
}

// fragmentFiles lists the fragments that make up a configuration, the later ones prevail.
func fragmentFiles(root, arch string, debug bool) []string {
	files := []string{filepath.Join(root, "Kconfig.frag"), filepath.Join(root, "kconfig", arch+".frag")}
	if debug {
		files = append(files, filepath.Join(root, "kconfig", "debug.frag"))
	}
	return files
}

// readFragments merges the fragments of a configuration.
func readFragments(root, arch string, debug bool) (Config, error) {
	return mergeFragments(fragmentFiles(root, arch, debug))
}

// mergeFragments reads the files in this order; the later ones prevail.
func mergeFragments(files []string) (Config, error) {
	merged := Config{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		c, err := ParseConfig(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for symbol, value := range c {
			merged[symbol] = value
		}
	}
	return merged, nil
}

// String formats the settings as a .config file, sorted by symbol.
func (c Config) String() string {
	var b strings.Builder
	for _, symbol := range sortedKeys(c) {
		if c[symbol] == "n" {
			fmt.Fprintf(&b, "# CONFIG_%s is not set\n", symbol)
		} else {
			fmt.Fprintf(&b, "CONFIG_%s=%s\n", symbol, c[symbol])
		}
	}
	return b.String()
}

// Verify compares what was requested with what the kernel's configuration made of it, and names every difference: a
// symbol whose dependencies are not met vanishes without a word otherwise.
func (c Config) Verify(effective Config) error {
	var errs []error
	for _, symbol := range sortedKeys(c) {
		got, ok := effective[symbol]
		if !ok {
			got = "n"
		}
		if got != c[symbol] {
			errs = append(errs, fmt.Errorf("CONFIG_%s=%s was requested, the kernel has %s", symbol, c[symbol], got))
		}
	}
	return errors.Join(errs...)
}

// configure writes obj/.config from tinyconfig and the requested settings, and verifies the result. Nothing is done
// when the inputs, named by key, are those of the last time.
func (b *builder) configure(want Config, key string) error {
	stamp := filepath.Join(b.obj, ".linux-cr-config")
	file := filepath.Join(b.obj, ".config")
	if have, err := os.ReadFile(stamp); err == nil && string(have) == key {
		if _, err := os.Stat(file); err == nil {
			return nil
		}
	}
	b.opts.Progress("configuring: tinyconfig and " + fmt.Sprint(len(want)) + " settings")
	before, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := b.make("tinyconfig"); err != nil {
		return err
	}
	base, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	c, err := ParseConfig(base)
	if err != nil {
		return err
	}
	for symbol := range want {
		delete(c, symbol)
	}
	// The requested settings come last: of the symbols of a choice, the last one that is set prevails.
	if err := writeFile(file, []byte(c.String()+want.String()), 0o644); err != nil {
		return err
	}
	if err := b.make("olddefconfig"); err != nil {
		return err
	}
	after, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	effective, err := ParseConfig(after)
	if err != nil {
		return err
	}
	wanted := maps.Clone(want)
	maps.DeleteFunc(wanted, func(symbol, _ string) bool { return b.later[symbol] })
	if err := wanted.Verify(effective); err != nil {
		return fmt.Errorf("the configuration differs from the fragments:\n%w", err)
	}
	if !bytes.Equal(before, after) {
		b.opts.Progress("configuration changed")
	}
	return writeFile(stamp, []byte(key), 0o644)
}
