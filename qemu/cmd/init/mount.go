package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"linux-cr/qemu/event"
)

// A mount is one line of the guest's fstab.
type mount struct {
	source, target, fstype, options string
}

// mounts are made in this order. The version 1 freezer has its traditional place, for sysfs has no room for it.
var mounts = []mount{
	{"devtmpfs", "/dev", "devtmpfs", ""},
	{"proc", "/proc", "proc", ""},
	{"sysfs", "/sys", "sysfs", ""},
	{"devpts", "/dev/pts", "devpts", "ptmxmode=0666,mode=0620"},
	{"tmpfs", "/dev/shm", "tmpfs", "mode=1777"},
	{"mqueue", "/dev/mqueue", "mqueue", ""},
	{"hugetlbfs", "/dev/hugepages", "hugetlbfs", ""},
	{"tmpfs", "/tmp", "tmpfs", "mode=1777"},
	{"tmpfs", "/run", "tmpfs", "mode=0755"},
	{"cgroup2", "/sys/fs/cgroup", "cgroup2", ""},
	{"cgroup", "/cgroup", "cgroup", "freezer"},
	{"debugfs", "/sys/kernel/debug", "debugfs", ""},
	{"tracefs", "/sys/kernel/tracing", "tracefs", ""},
	{"bpf", "/sys/fs/bpf", "bpf", ""},
	{"binfmt_misc", "/proc/sys/fs/binfmt_misc", "binfmt_misc", ""},
}

// mountAll makes the root a mount that can be pivoted away from, and mounts the rest.
func mountAll() error {
	if err := leaveRootfs(); err != nil {
		return err
	}
	for _, m := range mounts {
		if err := m.do(); err != nil {
			return err
		}
	}
	if _, err := os.Stat("/dev/vda"); err == nil {
		if err := (mount{"/dev/vda", "/ext4", "ext4", ""}).do(); err != nil {
			return err
		}
	}
	return mountHost()
}

func (m mount) do() error {
	if err := os.MkdirAll(m.target, 0o755); err != nil && !errors.Is(err, os.ErrPermission) {
		return err
	}
	if err := unix.Mount(m.source, m.target, m.fstype, 0, m.options); err != nil {
		return fmt.Errorf("mount %s on %s: %w", m.fstype, m.target, err)
	}
	return nil
}

// leaveRootfs puts a bind mount of the initramfs over itself: pivot_root(2), which containers use, refuses to leave the
// rootfs proper.
func leaveRootfs() error {
	const staging = "/.root"
	if err := os.MkdirAll(staging, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("/", staging, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("bind the root: %w", err)
	}
	if err := unix.Chdir(staging); err != nil {
		return fmt.Errorf("enter the root: %w", err)
	}
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return fmt.Errorf("move the root: %w", err)
	}
	if err := unix.Chroot("."); err != nil {
		return fmt.Errorf("change the root: %w", err)
	}
	return unix.Chdir("/")
}

// mountHost mounts the host's root directory at /host when the machine was given it.
func mountHost() error {
	tags, err := filepath.Glob("/sys/bus/virtio/drivers/9pnet_virtio/virtio*/mount_tag")
	if err != nil {
		return err
	}
	for _, tag := range tags {
		name, err := os.ReadFile(tag)
		if err != nil {
			return err
		}
		if strings.TrimRight(string(name), "\x00\n") != event.HostFSTag {
			continue
		}
		if err := os.MkdirAll("/host", 0o755); err != nil {
			return err
		}
		// Nobody changes the programs of the host meanwhile: what was read once is kept.
		if err := unix.Mount(event.HostFSTag, "/host", "9p", unix.MS_RDONLY, "trans=virtio,version=9p2000.L,msize=512000,cache=loose"); err != nil {
			return fmt.Errorf("mount the host's root directory: %w", err)
		}
	}
	return nil
}
