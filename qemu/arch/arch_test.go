package arch

import (
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	for _, name := range Names() {
		a, err := Find(name)
		if err != nil {
			t.Fatal(err)
		}
		for field, v := range map[string]string{
			"Linux": a.Linux, "CrossPrefix": a.CrossPrefix, "Image": a.Image, "ImageTarget": a.ImageTarget,
			"QEMU": a.QEMU, "VMTest": string(a.VMTest), "Console": a.Console, "P9": a.P9,
			"Machine": strings.Join(a.Machine, " "), "TCG": strings.Join(a.TCG, " "), "KVM": strings.Join(a.KVM, " "),
		} {
			if v == "" {
				t.Errorf("%s: %s is empty", name, field)
			}
		}
	}
}

func TestFindUnknown(t *testing.T) {
	_, err := Find("vax")
	if err == nil || !strings.Contains(err.Error(), "amd64") {
		t.Errorf("Find(vax) = %v, want an error that lists amd64", err)
	}
}

func TestAccelerator(t *testing.T) {
	a, err := Find("amd64")
	if err != nil {
		t.Fatal(err)
	}
	for accel, want := range map[string]string{"": "tcg", "tcg": "tcg", "kvm": "kvm"} {
		args, err := a.Accelerator(accel)
		if err != nil || args[1] != want {
			t.Errorf("Accelerator(%q) = %v, %v; want -accel %s", accel, args, err, want)
		}
	}
	if _, err := a.Accelerator("hvf"); err == nil {
		t.Error("Accelerator(hvf) did not fail")
	}
}
