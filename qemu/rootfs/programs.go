package rootfs

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"

	"linux-cr/qemu/arch"
	"linux-cr/qemu/kbuild"
)

// cflags compile a program of one file, and the assembler file of the same name if there is one, that depends on
// nothing in the guest.
var cflags = []string{"-static", "-O2", "-g0", "-Wall", "-Werror", "-pthread"}

// GoCommand builds the Go command in the folder pkg of the checkout and returns the path of the static binary.
func GoCommand(root string, a *arch.Arch, pkg, output string) error {
	return goTool(root, a, "build", "-trimpath", "-o", output, pkg)
}

// GoTests compiles the tests in the folder pkg of the checkout.
func GoTests(root string, a *arch.Arch, pkg, output string) error {
	return goTool(root, a, "test", "-c", "-trimpath", "-o", output, pkg)
}

func goTool(root string, a *arch.Arch, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+a.Name, "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// Tools builds every command under tools/ into dir and returns the paths by name.
func Tools(root string, a *arch.Arch, dir string) (map[string]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	list := exec.Command("go", "list", "-f", `{{if eq .Name "main"}}{{.ImportPath}}{{end}}`, "./tools/...")
	list.Dir = root
	list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+a.Name)
	var stderr bytes.Buffer
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("list the tools: %w\n%s", err, stderr.Bytes())
	}
	tools := map[string]string{}
	packages := strings.Fields(string(out))
	if len(packages) == 0 {
		return tools, nil
	}
	if err := goTool(root, a, append([]string{"build", "-trimpath", "-o", dir + string(filepath.Separator)}, packages...)...); err != nil {
		return nil, err
	}
	for _, pkg := range packages {
		name := filepath.Base(pkg)
		tools[name] = filepath.Join(dir, name)
	}
	return tools, nil
}

// Programs compiles every C file of dir, with the project's uapi headers, and returns the paths by name. What did not
// change comes from the cache.
func Programs(root string, a *arch.Arch, dir string) (map[string]string, error) {
	sources, err := filepath.Glob(filepath.Join(root, dir, "*.c"))
	if err != nil || len(sources) == 0 {
		return nil, err
	}
	cc := "gcc"
	if runtime.GOARCH != a.Name {
		cc = a.CrossPrefix + cc
	}
	version, err := exec.Command(cc, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("%s is missing or broken; install it with `make deps`: %w", cc, err)
	}
	headers, err := hashHeaders(filepath.Join(root, dir), filepath.Join(root, "kernel", "tree", "include", "uapi"))
	if err != nil {
		return nil, err
	}
	cache, err := kbuild.CacheDir()
	if err != nil {
		return nil, err
	}
	programs := map[string]string{}
	var mu sync.Mutex
	var errs []error
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.NumCPU())
	for _, source := range sources {
		if !forArch(source, a.Name) {
			continue
		}
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			path, err := program(root, cache, cc, source, string(version)+headers)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
				return
			}
			programs[strings.TrimSuffix(filepath.Base(source), ".c")] = path
		})
	}
	wg.Wait()
	return programs, errors.Join(errs...)
}

// forArch applies the rule of the go command: a file whose name ends in an architecture belongs to it alone.
func forArch(source, name string) bool {
	stem := strings.TrimSuffix(filepath.Base(source), ".c")
	suffix := stem[strings.LastIndex(stem, "_")+1:]
	return suffix == name || !slices.Contains(arch.Names(), suffix)
}

// program compiles one file unless the cache has the result for the same inputs.
func program(root, cache, cc, source, inputs string) (string, error) {
	files := []string{source}
	if asm := strings.TrimSuffix(source, ".c") + ".S"; exists(asm) {
		files = append(files, asm)
	}
	h := sha256.New()
	fmt.Fprintln(h, cc, cflags, inputs)
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %d\n%s", filepath.Base(file), len(data), data)
	}
	name := strings.TrimSuffix(filepath.Base(source), ".c")
	output := filepath.Join(cache, "progs", hex.EncodeToString(h.Sum(nil)[:16]), name)
	if exists(output) {
		return output, nil
	}
	if err := os.MkdirAll(filepath.Dir(output), 0o755); err != nil {
		return "", err
	}
	// Another build may be at the same program.
	tmp, err := os.MkdirTemp(filepath.Dir(output), "build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	partial := filepath.Join(tmp, name)
	args := append([]string{}, cflags...)
	args = append(args, "-I"+filepath.Join(root, "kernel", "tree", "include", "uapi"), "-o", partial)
	args = append(args, files...)
	if out, err := exec.Command(cc, args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.TrimPrefix(source, root+"/"), err, out)
	}
	return output, os.Rename(partial, output)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// hashHeaders covers every header that a program could include from the project.
func hashHeaders(dirs ...string) (string, error) {
	var paths []string
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err == nil && filepath.Ext(path) == ".h" {
				paths = append(paths, path)
			}
			return err
		})
		if err != nil {
			return "", err
		}
	}
	sort.Strings(paths)
	h := sha256.New()
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %d\n%s", filepath.Base(path), len(data), data)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
