// Package arch is the table of guest architectures: one entry holds everything that the kernel builder and the
// virtual machines have to know about one of them. Nothing outside of this table depends on an architecture.
package arch

import (
	"fmt"
	"strings"

	"github.com/hugelgupf/vmtest/qemu"
)

// An Arch describes one guest architecture.
type Arch struct {
	// Name is the GOARCH value, and the name used on every command line of the project.
	Name string

	// Linux is the ARCH= value of the kernel's Makefile.
	Linux string

	// CrossPrefix is put before gcc and ld when the host is another architecture.
	CrossPrefix string

	// Image is the path of the bootable file in the object directory, and ImageTarget the make target for it.
	Image, ImageTarget string

	// QEMU is the emulator, and VMTest the name that vmtest has for the architecture.
	QEMU   string
	VMTest qemu.Arch

	// Machine are the arguments that select the board; TCG and KVM those that select the processor.
	Machine, TCG, KVM []string

	// Console is the device of the kernel's console= argument.
	Console string

	// P9 is the QEMU device of a shared directory.
	P9 string
}

// table has one entry per architecture, in the order in which they are listed to users.
var table = []Arch{
	{
		Name:        "amd64",
		Linux:       "x86_64",
		CrossPrefix: "x86_64-linux-gnu-",
		Image:       "arch/x86/boot/bzImage",
		ImageTarget: "bzImage",
		QEMU:        "qemu-system-x86_64",
		VMTest:      qemu.ArchAMD64,
		Machine:     []string{"-machine", "q35"},
		// Without cx16 the emulator stays on the path that older versions emulate correctly.
		TCG:     []string{"-accel", "tcg", "-cpu", "max,-cx16"},
		KVM:     []string{"-accel", "kvm", "-cpu", "host"},
		Console: "ttyS0",
		P9:      "virtio-9p-pci",
	},
}

// Names lists the known architectures.
func Names() []string {
	names := make([]string, 0, len(table))
	for _, a := range table {
		names = append(names, a.Name)
	}
	return names
}

// Find returns the entry called name. There is no fallback: a guest of the wrong architecture would test nothing.
func Find(name string) (*Arch, error) {
	for i := range table {
		if table[i].Name == name {
			return &table[i], nil
		}
	}
	return nil, fmt.Errorf("unknown architecture %q, valid ones: %s", name, strings.Join(Names(), ", "))
}

// Accelerator returns the processor arguments for accel, the user's ACCEL setting. Empty means tcg: a /dev/kvm that is
// there may still hang the guest, so hardware acceleration has to be asked for.
func (a *Arch) Accelerator(accel string) ([]string, error) {
	switch accel {
	case "", "tcg":
		return a.TCG, nil
	case "kvm":
		return a.KVM, nil
	}
	return nil, fmt.Errorf("unknown ACCEL=%s, valid ones: tcg, kvm", accel)
}
