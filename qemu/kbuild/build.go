// Package kbuild makes the patched kernel: it finds the source, lays the project's files and hooks over it, configures,
// verifies the configuration, and compiles. Everything lives in the user's cache directory:
//
//	src/<hash>         the unpacked package, never changed
//	tree/<name>        the source with the overlay; files change only when their contents do
//	obj/<name>/<a>-<v> objects of architecture a and variant v (plain or debug)
//	image/<key>        finished kernels, by the hash of everything that went into them
package kbuild

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync"
	"time"

	"linux-cr/qemu/arch"
)

// imageFormat is raised when the recipe changes in a way that its inputs do not show.
const imageFormat = "1"

// keptImages is how many finished kernels stay in the cache; one of them takes about 20 MB.
const keptImages = 24

// Options say which kernel to build.
type Options struct {
	// Root is the checkout of the project.
	Root string

	// Arch is the guest architecture.
	Arch *arch.Arch

	// Debug selects the second configuration.
	Debug bool

	// KSRC is a kernel tree of the user, or empty for Debian's package.
	KSRC string

	// Output is the path that the bootable image is left at.
	Output string

	// Progress is called for every step with a line for the user.
	Progress func(string)

	// Warnings receives what the compiler says.
	Warnings io.Writer
}

// variant names the configuration within the cache.
func (o *Options) variant() string {
	if o.Debug {
		return "debug"
	}
	return "plain"
}

type builder struct {
	opts     Options
	cache    string
	src      *Source
	overlay  Overlay
	want     Config
	compiler string
	tree     string
	obj      string

	// later are symbols that the configuration need not have yet.
	later map[string]bool
}

// Build leaves a bootable kernel at opts.Output, from the cache when all inputs are known.
func Build(opts Options) error {
	b, err := newBuilder(opts)
	if err != nil {
		return err
	}
	key := hashStrings(imageFormat, b.src.ID, b.overlay.Hash(), opts.Arch.Name, opts.variant(), b.want.String(), b.compiler)
	image := filepath.Join(b.cache, "image", key[:32])
	if _, err := os.Stat(filepath.Join(image, "kernel")); err == nil {
		opts.Progress(fmt.Sprintf("kernel %s (%s): unchanged, image %s", b.src.Version, opts.variant(), key[:12]))
		return deliver(image, opts.Output)
	}
	release, err := b.prepare()
	if err != nil {
		return err
	}
	defer release()
	start := time.Now()
	opts.Progress(fmt.Sprintf("compiling kernel %s (%s) with %d jobs; the first time takes a while", b.src.Version, opts.variant(), runtime.NumCPU()))
	if err := b.compile(); err != nil {
		return err
	}
	opts.Progress(fmt.Sprintf("compiled in %s", time.Since(start).Round(time.Second)))
	if err := b.store(image); err != nil {
		return err
	}
	if err := prune(filepath.Dir(image), keptImages); err != nil {
		return err
	}
	return deliver(image, opts.Output)
}

// WithTree brings the patched tree and its configuration up to date, as Build does, and calls f with what prepares a
// make in it. No build of another checkout changes the tree meanwhile.
func WithTree(opts Options, f func(make func(args ...string) *exec.Cmd) error) error {
	b, err := newBuilder(opts)
	if err != nil {
		return err
	}
	release, err := b.prepare()
	if err != nil {
		return err
	}
	defer release()
	return f(b.command)
}

// newBuilder collects everything that a build depends on.
func newBuilder(opts Options) (*builder, error) {
	if err := checkTools(opts.Arch); err != nil {
		return nil, err
	}
	b := &builder{opts: opts}
	var err error
	if b.cache, err = CacheDir(); err != nil {
		return nil, err
	}
	if b.src, err = FindSource(b.cache, opts.KSRC, opts.Progress); err != nil {
		return nil, err
	}
	if b.overlay, err = ReadOverlay(opts.Root, b.src); err != nil {
		return nil, err
	}
	if b.want, err = readFragments(opts.Root, opts.Arch.Name, opts.Debug); err != nil {
		return nil, err
	}
	if b.compiler, err = compilerVersion(opts.Arch); err != nil {
		return nil, err
	}
	b.place(b.src.Name)
	return b, nil
}

// place says which tree and which objects of the cache are used.
func (b *builder) place(name string) {
	b.tree = filepath.Join(b.cache, "tree", name)
	b.obj = filepath.Join(b.cache, "obj", name, b.opts.Arch.Name+"-"+b.opts.variant())
}

// prepare locks the tree, patches it and configures the kernel.
func (b *builder) prepare() (release func(), err error) {
	if release, err = b.lock(); err != nil {
		return nil, err
	}
	if err := b.sync(); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// lock keeps other builds away from the tree.
func (b *builder) lock() (release func(), err error) {
	if err := os.MkdirAll(filepath.Dir(b.tree), 0o755); err != nil {
		return nil, err
	}
	return lock(b.tree+".lock", func() { b.opts.Progress("waiting for another kernel build") })
}

// sync makes the tree the source with the overlay, and configures the kernel.
func (b *builder) sync() error {
	if err := syncTree(b.tree, filepath.Dir(b.obj), b.src, b.overlay, b.opts.Progress); err != nil {
		return fmt.Errorf("patch the kernel: %w", err)
	}
	if err := os.MkdirAll(b.obj, 0o755); err != nil {
		return err
	}
	return b.configure(b.want, hashStrings(imageFormat, b.src.ID, b.overlay.KconfigHash(), b.want.String(), b.compiler))
}

// checkTools names what a build needs and the machine lacks.
func checkTools(a *arch.Arch) error {
	var missing []string
	for _, tool := range []string{prefix(a) + "gcc", prefix(a) + "ld", "make", "patch", "tar", "xz", "flex", "bison", "bc"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, tool)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("missing: %s; install with `make deps`", strings.Join(missing, ", "))
	}
	return nil
}

// prefix is the cross compiler's prefix, empty when the host compiles for itself.
func prefix(a *arch.Arch) string {
	if runtime.GOARCH == a.Name {
		return ""
	}
	return a.CrossPrefix
}

// compilerVersion describes the tools whose change makes another kernel.
func compilerVersion(a *arch.Arch) (string, error) {
	var parts []string
	for _, tool := range []string{"gcc", "ld"} {
		out, err := exec.Command(prefix(a)+tool, "--version").Output()
		if err != nil {
			return "", fmt.Errorf("%s --version: %w", tool, err)
		}
		line, _, _ := strings.Cut(string(out), "\n")
		parts = append(parts, line)
	}
	return strings.Join(parts, "; "), nil
}

// command prepares a make of the kernel. Names and times are fixed, so that equal inputs give equal images.
func (b *builder) command(args ...string) *exec.Cmd {
	cc := prefix(b.opts.Arch) + "gcc"
	hostcc := "gcc"
	if _, err := exec.LookPath("ccache"); err == nil {
		cc, hostcc = "ccache "+cc, "ccache "+hostcc
	}
	cmd := exec.Command("make", append([]string{
		"-C", b.tree,
		"O=" + b.obj,
		"ARCH=" + b.opts.Arch.Linux,
		"CROSS_COMPILE=" + prefix(b.opts.Arch),
		"CC=" + cc,
		"HOSTCC=" + hostcc,
		"KBUILD_BUILD_TIMESTAMP=1970-01-01",
		"KBUILD_BUILD_VERSION=1",
		"KBUILD_BUILD_USER=linux-cr",
		"KBUILD_BUILD_HOST=linux-cr",
	}, args...)...)
	// The flags and jobserver of the make that called us are not meant for the kernel's.
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		switch name {
		case "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ARCH", "DEBUG", "KSRC", "O", "V", "C":
			continue
		}
		cmd.Env = append(cmd.Env, kv)
	}
	cmd.Env = append(cmd.Env, "LC_ALL=C")
	return cmd
}

// make runs a short step and shows its output only when it fails.
func (b *builder) make(target string) error {
	if out, err := b.command("-s", target).CombinedOutput(); err != nil {
		return fmt.Errorf("make %s: %w\n%s", target, err, out)
	}
	return nil
}

// compile builds the image, reports progress, and keeps the whole output in build.log.
func (b *builder) compile() error {
	logPath := filepath.Join(b.obj, "build.log")
	log, err := os.Create(logPath)
	if err != nil {
		return err
	}
	defer log.Close()
	// Both streams go to the log from goroutines of their own.
	var mu sync.Mutex
	steps, last := 0, time.Now()
	out := &lineWriter{fn: func(line string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(log, line)
		steps++
		if time.Since(last) >= 10*time.Second {
			last = time.Now()
			b.opts.Progress(fmt.Sprintf("%5d steps, at %s", steps, strings.Join(strings.Fields(line), " ")))
		}
	}}
	errs := &lineWriter{fn: func(line string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(log, line)
		// The paths of our own files are those of kernel/tree then.
		fmt.Fprintln(b.opts.Warnings, strings.ReplaceAll(line, b.tree+"/", ""))
	}}
	cmd := b.command(fmt.Sprintf("-j%d", runtime.NumCPU()), b.opts.Arch.ImageTarget)
	cmd.Stdout, cmd.Stderr = out, errs
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("the kernel does not compile (%w); the log is %s", err, logPath)
	}
	return nil
}

// store keeps the finished kernel with its configuration and symbol map.
func (b *builder) store(image string) error {
	tmp := image + ".tmp"
	if err := os.RemoveAll(tmp); err != nil {
		return err
	}
	for name, from := range map[string]string{"kernel": b.opts.Arch.Image, "config": ".config", "System.map": "System.map"} {
		if err := copyFile(filepath.Join(b.obj, from), filepath.Join(tmp, name)); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(image); err != nil {
		return err
	}
	return os.Rename(tmp, image)
}

// deliver copies the kernel of an image directory to output, its configuration and symbol map beside it, and marks the
// image as used.
func deliver(image, output string) error {
	for name, suffix := range map[string]string{"kernel": "", "config": ".config", "System.map": ".map"} {
		if err := copyFile(filepath.Join(image, name), output+suffix); err != nil {
			return err
		}
	}
	now := time.Now()
	return os.Chtimes(image, now, now)
}

// prune removes the images that were not used for the longest time, beyond keep.
func prune(dir string, keep int) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	type image struct {
		path string
		used time.Time
	}
	var images []image
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		images = append(images, image{filepath.Join(dir, e.Name()), info.ModTime()})
	}
	sort.Slice(images, func(i, j int) bool { return images[i].used.After(images[j].used) })
	for i := keep; i < len(images); i++ {
		if err := os.RemoveAll(images[i].path); err != nil {
			return err
		}
	}
	return nil
}

// A lineWriter calls fn for every complete line.
type lineWriter struct {
	fn  func(string)
	buf bytes.Buffer
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.buf.Write(p)
	for {
		i := bytes.IndexByte(w.buf.Bytes(), '\n')
		if i < 0 {
			return len(p), nil
		}
		w.fn(strings.TrimRight(string(w.buf.Next(i+1)), "\r\n"))
	}
}
