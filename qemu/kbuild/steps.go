package kbuild

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A Step is a state on the way from the untouched source to the patched kernel.
type Step struct {
	// Name is for the user.
	Name string

	// Overlay is what differs from the source by then.
	Overlay Overlay
}

// BuildSteps compiles the kernel at each step, in the small configuration of kconfig/series.frag, and fails at the first
// that does not build. All steps share a tree and a folder of objects of their own, apart from those
// of Build, so that make compiles at each what the step changes. After the last one every C file that the steps add has
// to have been compiled.
func BuildSteps(opts Options, steps []Step) error {
	b, err := newBuilder(opts)
	if err != nil {
		return err
	}
	b.place("series-" + b.src.Name)
	if b.want, err = mergeFragments([]string{filepath.Join(opts.Root, "kconfig", "series.frag")}); err != nil {
		return err
	}
	last := steps[len(steps)-1].Overlay
	if b.later, err = newSymbols(b.src, last); err != nil {
		return err
	}
	release, err := b.lock()
	if err != nil {
		return err
	}
	defer release()
	sources := newSources(b.src, last)
	if err := b.forget(sources); err != nil {
		return err
	}
	var missing []string
	for i, s := range steps {
		if i == len(steps)-1 {
			b.later = nil
		}
		start := time.Now()
		if err := b.step(s); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		missing = b.notCompiled(sources)
		opts.Progress(fmt.Sprintf("%s: builds, with %d of %d new files compiled (%s)", s.Name, len(sources)-len(missing), len(sources),
			time.Since(start).Round(time.Second)))
	}
	if len(missing) > 0 {
		return fmt.Errorf("not compiled: %s", strings.Join(missing, ", "))
	}
	return nil
}

// step builds one state.
func (b *builder) step(s Step) error {
	b.overlay = s.Overlay
	if err := b.sync(); err != nil {
		return err
	}
	b.opts.Progress(fmt.Sprintf("%s: compiling with %d jobs", s.Name, runtime.NumCPU()))
	return b.compile()
}

// newSources are the C files that the overlay adds to the source and that the architecture can compile.
func newSources(src *Source, o Overlay) []string {
	var paths []string
	for _, path := range sortedKeys(o) {
		if _, err := os.Lstat(filepath.Join(src.Dir, path)); filepath.Ext(path) == ".c" && errors.Is(err, fs.ErrNotExist) {
			paths = append(paths, path)
		}
	}
	return paths
}

// products are what a C file may become: an object or, as a sample, a program.
func (b *builder) products(source string) []string {
	base := filepath.Join(b.obj, strings.TrimSuffix(source, ".c"))
	return []string{base, base + ".o"}
}

// forget removes what an earlier run made of the sources.
func (b *builder) forget(sources []string) error {
	for _, path := range sources {
		for _, name := range b.products(path) {
			if regular(name) {
				if err := os.Remove(name); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func regular(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// notCompiled returns those of the sources that nothing was made of.
func (b *builder) notCompiled(sources []string) []string {
	var missing []string
	for _, path := range sources {
		if !slices.ContainsFunc(b.products(path), regular) {
			missing = append(missing, path)
		}
	}
	return missing
}

var symbolLine = regexp.MustCompile(`(?m)^(?:menu)?config\s+(\w+)`)

// newSymbols are the configuration symbols that the overlay declares and the source does not.
func newSymbols(src *Source, o Overlay) (map[string]bool, error) {
	symbols := map[string]bool{}
	for path, data := range o {
		if !strings.HasPrefix(filepath.Base(path), "Kconfig") {
			continue
		}
		old, err := os.ReadFile(filepath.Join(src.Dir, path))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		now := declared(data)
		maps.DeleteFunc(now, func(s string, _ bool) bool { return declared(old)[s] })
		maps.Copy(symbols, now)
	}
	return symbols, nil
}

func declared(kconfig []byte) map[string]bool {
	symbols := map[string]bool{}
	for _, m := range symbolLine.FindAllSubmatch(kconfig, -1) {
		symbols[string(m[1])] = true
	}
	return symbols
}
