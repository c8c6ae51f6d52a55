// Package misbehave holds guest tests that go wrong in every way that the harness has to notice. Its tests run through
// TestHarness of package suite.
package misbehave

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/qemu/inguest"
)

func TestMain(m *testing.M) { inguest.Main(m, "go test ./qemu/suite") }

func TestPasses(t *testing.T) {}

func TestFails(t *testing.T) { t.Error("as it should") }

func TestFailsInSubtest(t *testing.T) {
	t.Run("good", func(t *testing.T) {})
	t.Run("bad", func(t *testing.T) { t.Error("as it should") })
}

func TestSkips(t *testing.T) { t.Skip("no good reason") }

func TestGoPanics(t *testing.T) { panic("as it should") }

func TestExitsEarly(t *testing.T) { os.Exit(0) }

// TestWarns makes the kernel warn, by its own test module.
func TestWarns(t *testing.T) {
	provoke(t, "WARNING")
}

// What only the checkers of the debug kernel notice.
func TestCheckerKASAN(t *testing.T) { provoke(t, "READ_AFTER_FREE") }
func TestCheckerUBSAN(t *testing.T) { provoke(t, "ARRAY_BOUNDS") }

func provoke(t *testing.T, what string) {
	t.Helper()
	if err := os.WriteFile("/sys/kernel/debug/provoke-crash/DIRECT", []byte(what), 0); err != nil {
		t.Fatal(err)
	}
}

// TestPassesAfterWarning is not to be blamed for what the test before it did.
func TestPassesAfterWarning(t *testing.T) {}

func TestLeavesProcess(t *testing.T) {
	if err := exec.Command("/bbin/sleep", "1h").Start(); err != nil {
		t.Fatal(err)
	}
}

// TestLeavesFrozenProcess leaves a process that only dies after it is thawed.
func TestLeavesFrozenProcess(t *testing.T) {
	cmd := exec.Command("/bbin/sleep", "1h")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("/cgroup/ice", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("/cgroup/ice/tasks", []byte(strconv.Itoa(cmd.Process.Pid)), 0); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("/cgroup/ice/freezer.state", []byte("FROZEN"), 0); err != nil {
		t.Fatal(err)
	}
}

// TestPassesAfterCleanUp finds nothing of what the tests before it left.
func TestPassesAfterCleanUp(t *testing.T) {
	if _, err := os.Stat("/cgroup/ice"); err == nil {
		t.Error("the control group is still there")
	}
}

func TestHangs(t *testing.T) { time.Sleep(time.Hour) }

// TestStops cannot print where it hangs, because it is stopped, and has to be killed.
func TestStops(t *testing.T) {
	if err := syscall.Kill(os.Getpid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
}

// TestPowersOff ends the machine properly and without a verdict.
func TestPowersOff(t *testing.T) {
	if err := unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF); err != nil {
		t.Fatal(err)
	}
}

func TestPanics(t *testing.T) {
	if err := os.WriteFile("/proc/sysrq-trigger", []byte("c"), 0); err != nil {
		t.Fatal(err)
	}
}

func TestAfterTheEnd(t *testing.T) {}
