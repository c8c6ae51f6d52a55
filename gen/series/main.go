// SPDX-License-Identifier: GPL-2.0

// Series writes the patches as they would be mailed, and checks them.
//
//	go run ./gen/series -o build/series          write them
//	go run ./gen/series -check [-src DIR]        git am gives the tree that is built
//	go run ./gen/series -checkpatch [-src DIR]   checkpatch --strict has nothing to say
//	go run ./gen/series -sparse [-obj DIR]       neither has sparse about our files
//	go run ./gen/series -build [-src DIR]        the kernel builds after each patch
//	go run ./gen/series -apply N -tree DIR       apply the first N patches to a tree
//
// kernel/series says which files of kernel/tree and which hooks make up each
// patch, and has the messages.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"linux-cr/qemu/kbuild"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stderr))
}

type options struct {
	root, out, src, obj, arch, tree string
	check, checkpatch, sparse       bool
	build                           bool
	apply                           int
}

func run(args []string, stderr io.Writer) int {
	var o options
	f := flag.NewFlagSet("series", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.root, "root", ".", "the checkout")
	f.StringVar(&o.out, "o", "", "write the patches to this folder")
	f.BoolVar(&o.check, "check", false, "prove that git am gives the tree that make kernel builds")
	f.BoolVar(&o.checkpatch, "checkpatch", false, "run checkpatch.pl --strict over each patch")
	f.BoolVar(&o.sparse, "sparse", false, "run sparse over our objects")
	f.BoolVar(&o.build, "build", false, "build the kernel after each patch")
	f.StringVar(&o.src, "src", "", "untouched kernel source; without it that of the Debian package")
	f.StringVar(&o.obj, "obj", "", "configured object folder of the patched tree; without it that of make kernel (-sparse)")
	f.StringVar(&o.arch, "arch", "x86", "folder below arch/ that the objects are for (-sparse -obj)")
	f.IntVar(&o.apply, "apply", -1, "apply the first N patches to the tree given by -tree")
	f.StringVar(&o.tree, "tree", "", "a copy of the kernel source (-apply)")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if err := o.do(stderr); err != nil {
		fmt.Fprintln(stderr, "series:", err)
		return 1
	}
	return 0
}

func (o *options) do(stderr io.Writer) error {
	s, mails, err := load(o.root)
	if err != nil {
		return err
	}
	done := false
	if o.out != "" {
		done = true
		if err := write(o.out, mails); err != nil {
			return err
		}
	}
	if o.check || o.checkpatch || o.build {
		done = true
		if err := o.checkSource(s, mails, stderr); err != nil {
			return err
		}
	}
	if o.sparse {
		done = true
		c, err := readContent(o.root, s.base)
		if err != nil {
			return err
		}
		if o.obj != "" {
			err = sparseIn(o.obj, o.arch, c)
		} else {
			err = sparseOurs(o.root, o.src, c, stderr)
		}
		if err != nil {
			return err
		}
	}
	if o.apply >= 0 {
		done = true
		if err := applyTo(o.tree, mails, o.apply); err != nil {
			return err
		}
	}
	if !done {
		return errors.New("nothing to do: give -o, -check, -checkpatch, -build, -sparse or -apply")
	}
	return nil
}

func (o *options) checkSource(s *series, mails []mail, stderr io.Writer) error {
	src, err := source(o.src, stderr)
	if err != nil {
		return err
	}
	if o.check {
		if err := checkAm(o.root, src, s, mails); err != nil {
			return err
		}
	}
	if o.checkpatch {
		if err := checkpatch(src.Dir, mails, ignoreList); err != nil {
			return err
		}
	}
	if o.build {
		return buildSteps(o.root, o.src, src, mails, stderr)
	}
	return nil
}

// source finds the untouched kernel source as make kernel does.
func source(dir string, stderr io.Writer) (*kbuild.Source, error) {
	cache := ""
	if dir == "" {
		var err error
		if cache, err = kbuild.CacheDir(); err != nil {
			return nil, err
		}
	}
	return kbuild.FindSource(cache, dir, func(s string) { fmt.Fprintln(stderr, "series:", s) })
}
