// SPDX-License-Identifier: GPL-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"linux-cr/abi/image"
	"linux-cr/tools/internal/cli"
)

// options are the command line.
type options struct {
	json    bool
	verbose bool
	errors  bool
	view    view // of a subcommand
}

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return cli.Run(command(stdin, stdout), args, stdout, stderr)
}

func command(stdin io.Reader, stdout io.Writer) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "ckptinfo [flags] [FILE]",
		Short: "Show what is in a checkpoint image",
		Long: "ckptinfo shows what is in a checkpoint image, of this machine or of another one: the header, the tasks,\n" +
			"a line per record, and why a checkpoint failed. It reads FILE, or stdin, where it stops at the end of the image.\n" +
			"A subcommand shows one thing instead. (A FILE with the name of one is ./FILE.)",
		Example: "  ckptinfo job.img\n" +
			"  checkpoint 4711 | tee job.img | ckptinfo\n" +
			"  ckptinfo --json job.img | jq '.tasks[].pid'",
		Args:                  cobra.MaximumNArgs(1),
		DisableFlagsInUseLine: true,
		RunE:                  func(_ *cobra.Command, args []string) error { return o.show(args, stdin, stdout) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&o.json, "json", false, "print one JSON document with every field")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "print every field of every record")
	f.BoolVarP(&o.errors, "error", "e", false, "print only the error records")
	for _, v := range views {
		cmd.AddCommand(viewCommand(v, stdin, stdout))
	}
	cli.AddCompletion(cmd)
	return cmd
}

// viewCommand is the subcommand that shows a view.
func viewCommand(v view, stdin io.Reader, stdout io.Writer) *cobra.Command {
	o := options{view: v}
	cmd := &cobra.Command{
		Use:                   v.name + " [--json] [FILE]",
		Short:                 v.short,
		Long:                  v.long,
		Args:                  cobra.MaximumNArgs(1),
		DisableFlagsInUseLine: true,
		RunE:                  func(_ *cobra.Command, args []string) error { return o.show(args, stdin, stdout) },
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print one JSON document")
	return cmd
}

// show opens the image and prints it. Its errors say which image.
func (o *options) show(args []string, stdin io.Reader, stdout io.Writer) error {
	name, src := "-", stdin
	if len(args) > 0 {
		name = args[0]
	}
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.IsDir() {
			return fmt.Errorf("%s is a directory", name)
		}
		src = f
	} else {
		name = "stdin"
		if isTerminal(stdin) {
			return errors.New("an image is not typed in: name a FILE, or redirect stdin")
		}
	}
	out := bufio.NewWriter(stdout)
	err := o.print(src, out)
	if flushed := out.Flush(); flushed != nil {
		return flushed
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func isTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// printer shows an image as it is read.
type printer interface {
	record(*image.Entry)
	// end gets what the image ended with: nil, or what is wrong with it.
	end(*contents, error)
}

// print reads the image to its end and shows it. An image that holds error
// records in place of a trailer is shown, too, and no failure.
func (o *options) print(src io.Reader, out io.Writer) error {
	all := &contents{}
	src, err := all.readSaved(src)
	if err != nil {
		return err
	}
	r, err := image.NewReader(src)
	if err != nil {
		return err
	}
	all.reader = r
	var p printer
	switch {
	case o.view.text != nil:
		p = &viewPrinter{view: o.view, out: out, json: o.json}
	case o.json:
		p = newJSONPrinter(out, all, o.errors)
	case o.errors:
		p = &errorPrinter{out}
	default:
		p = newTextPrinter(out, all, o.verbose)
	}
	for {
		e, err := r.Next()
		switch {
		case err == io.EOF:
			all.complete = true
			p.end(all, nil)
			return nil
		case errors.Is(err, image.ErrFailed):
			p.end(all, nil)
			return nil
		case err != nil:
			p.end(all, err)
			return err
		}
		all.add(e)
		p.record(e)
	}
}
