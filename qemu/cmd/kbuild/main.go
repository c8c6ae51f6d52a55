// Command kbuild builds the patched kernel, or takes it from the cache.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"linux-cr/qemu/arch"
	"linux-cr/qemu/kbuild"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "kbuild:", err)
		os.Exit(1)
	}
}

func run() error {
	name := flag.String("arch", "amd64", "guest architecture")
	debug := flag.Bool("debug", false, "build the second configuration, with the kernel's checkers")
	ksrc := flag.String("ksrc", os.Getenv("KSRC"), "kernel tree to use in place of Debian's package; it is only read")
	output := flag.String("o", "", "where to leave the image (default build/<arch>/kernel or kernel-debug)")
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}

	a, err := arch.Find(*name)
	if err != nil {
		return err
	}
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	if *output == "" {
		*output = filepath.Join("build", a.Name, "kernel")
		if *debug {
			*output += "-debug"
		}
	}
	start := time.Now()
	err = kbuild.Build(kbuild.Options{
		Root:   root,
		Arch:   a,
		Debug:  *debug,
		KSRC:   *ksrc,
		Output: *output,
		Progress: func(line string) {
			fmt.Printf("[%4.0fs] %s\n", time.Since(start).Seconds(), line)
		},
		Warnings: os.Stderr,
	})
	if err != nil {
		return err
	}
	fmt.Printf("[%4.0fs] %s\n", time.Since(start).Seconds(), *output)
	return nil
}
