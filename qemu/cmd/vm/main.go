// Command vm boots the kernel and runs one command in the guest, or gives a shell.
//
//	vm -shell
//	vm -mem 6144 -go ./selftests/bench -- /bin/bench
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"strings"
	"time"

	"linux-cr/qemu"
	"linux-cr/qemu/arch"
	"linux-cr/qemu/event"
	"linux-cr/qemu/rootfs"
)

func main() {
	code, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "vm:", err)
		code = 1
	}
	os.Exit(code)
}

type options struct {
	arch    string
	kernel  string
	debug   bool
	mib     int
	cpus    int
	hostFS  bool
	shell   bool
	goCmds  string
	timeout time.Duration
	append  string
	verbose bool
}

func parse() (*options, []string) {
	o := &options{}
	flag.StringVar(&o.arch, "arch", "amd64", "guest architecture")
	flag.StringVar(&o.kernel, "kernel", os.Getenv("KERNEL"), "kernel to boot (default build/<arch>/kernel)")
	flag.BoolVar(&o.debug, "debug", false, "boot the debug kernel")
	flag.IntVar(&o.mib, "mem", 0, "memory of the guest in MiB (default 2048, debug 3072)")
	flag.IntVar(&o.cpus, "cpus", qemu.Processors(), "processors of the guest")
	flag.BoolVar(&o.hostFS, "hostfs", false, "show the host's root directory, read-only, at /host")
	flag.BoolVar(&o.shell, "shell", false, "give a shell on the console in place of running a command")
	flag.StringVar(&o.goCmds, "go", "", "comma separated folders of Go commands to put into /bin")
	flag.DurationVar(&o.timeout, "timeout", 30*time.Minute, "time after which the machine is stopped")
	flag.StringVar(&o.append, "append", "", "further kernel arguments")
	flag.BoolVar(&o.verbose, "v", false, "show the kernel log of the command too")
	flag.Parse()
	return o, flag.Args()
}

func run() (int, error) {
	o, args := parse()
	if o.shell == (len(args) > 0) {
		return 0, errors.New("name either a command or -shell")
	}
	a, err := arch.Find(o.arch)
	if err != nil {
		return 0, err
	}
	root, err := qemu.Root()
	if err != nil {
		return 0, err
	}
	kernel, err := qemu.FindKernel(root, a, o.debug, o.kernel)
	if err != nil {
		return 0, err
	}
	dir := filepath.Join(root, "build", a.Name, "vm")
	release, err := qemu.Claim(dir)
	if err != nil {
		return 0, err
	}
	defer release()

	files, err := rootfs.Standard(root, a, filepath.Join(dir, "bin"))
	if err != nil {
		return 0, err
	}
	for _, pkg := range strings.Split(o.goCmds, ",") {
		if pkg == "" {
			continue
		}
		name := path.Base(pkg)
		binary := filepath.Join(dir, "bin", name)
		if err := rootfs.GoCommand(root, a, pkg, binary); err != nil {
			return 0, err
		}
		files[path.Join(rootfs.BinDir, name)] = binary
	}
	fs := rootfs.Rootfs{Root: root, Arch: a, Files: files, Plan: event.Plan{Command: args, Shell: o.shell}}
	initramfs := filepath.Join(dir, "initramfs.cpio")
	if err := fs.Build(initramfs); err != nil {
		return 0, err
	}
	disk, err := qemu.MakeDisk(dir)
	if err != nil {
		return 0, err
	}

	c := qemu.Config{
		Arch: a, Kernel: kernel, Initramfs: initramfs, Disk: disk, MiB: o.mib, CPUs: o.cpus, HostFS: o.hostFS,
		Append: strings.Fields(o.append), Timeout: o.timeout, Dir: dir, Accel: os.Getenv("ACCEL"),
	}
	if c.MiB == 0 {
		c.MiB = qemu.PlainMiB
		if o.debug {
			c.MiB = qemu.DebugMiB
		}
	}
	if o.debug {
		c.Append = append(c.Append, qemu.DebugArgs...)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if o.shell {
		fmt.Println("Ctrl-A X ends the machine.")
		return 0, qemu.Interactive(ctx, c)
	}
	return command(ctx, c, o.verbose)
}

// command boots the machine and relays the output of the plan's command. The exit status is the command's.
func command(ctx context.Context, c qemu.Config, verbose bool) (int, error) {
	fmt.Fprintln(os.Stderr, "booting")
	code, exited := 0, false
	var kernel string
	err := qemu.Run(ctx, c, func(e event.Event) {
		switch e.Kind {
		case event.Ready:
			fmt.Fprintln(os.Stderr, "guest runs Linux", e.Text)
		case event.Output:
			fmt.Print(e.Text)
		case event.Kernel:
			kernel = e.Text
			if verbose {
				fmt.Fprintln(os.Stderr, e.Text)
			}
		case event.Problem:
			if !verbose && kernel != "" {
				fmt.Fprintln(os.Stderr, kernel)
				kernel = ""
			}
			fmt.Fprintln(os.Stderr, e.Text)
			code = 1
		case event.Exit:
			exited = true
			if e.Code != 0 {
				code = e.Code
			}
		}
	})
	if err == nil && !exited {
		err = errors.New("the guest reported no exit status")
	}
	if err != nil {
		return 0, fmt.Errorf("%w; the console log ends with:\n%s\nthe machine is %s", err,
			qemu.ConsoleTail(c.Dir, 40), filepath.Join(c.Dir, qemu.CommandFile))
	}
	return code, nil
}
