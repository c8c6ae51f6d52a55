// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"linux-cr/selftests/guest/kit"
)

// freePid finds a number that no task has and that will not come up soon.
func freePid(t *testing.T) int {
	t.Helper()
	limit := must(strconv.Atoi(strings.TrimSpace(string(must(os.ReadFile("/proc/sys/kernel/pid_max"))))))
	for pid := limit - 1; pid > 1; pid-- {
		if err := unix.Kill(pid, 0); err == unix.ESRCH {
			return pid
		}
	}
	t.Fatal("no free pid")
	return 0
}

func TestCloneWithPids(t *testing.T) {
	free := freePid(t)
	errno := func(e unix.Errno) string { return fmt.Sprintf("errno %d", e) }
	for _, tt := range []struct {
		what string
		args string
		want string // of the output; "child" for any child
	}{
		{"no pids", "", "child"},
		{"any", "0", "child"},
		{"chosen", fmt.Sprint(free), fmt.Sprintf("child %d %d", free, free)},
		{"chosen again after its end", fmt.Sprint(free), fmt.Sprintf("child %d %d", free, free)},
		{"taken", "1", errno(unix.EBUSY)},
		{"negative", "-- -3", errno(unix.EINVAL)},
		{"behind pid_max", "99999999", errno(unix.EINVAL)},
		{"more pids than levels", "0 0", errno(unix.EINVAL)},
		{"far more", "-c 1000", errno(unix.EINVAL)},
		{"less than none", "-c -2", errno(unix.EINVAL)},
		{"unprivileged", fmt.Sprintf("-u %d %d", kit.Nobody, free), errno(unix.EPERM)},
		{"one level down", "-n 1 77", "child 77 77"},
		{"both levels", fmt.Sprintf("-n 1 %d 77", free), "child 77 77"},
		{"outer any, inner chosen", "-n 1 0 88", "child 88 88"},
		{"outer taken", "-n 1 1 88", errno(unix.EBUSY)},
		{"inner taken", "-n 1 0 1", errno(unix.EBUSY)},
		{"one pid too many", "-n 1 0 0 88", errno(unix.EINVAL)},
		{"three levels", fmt.Sprintf("-n 2 %d 66 99", free), "child 99 99"},
	} {
		out, err := exec.Command(kit.Path("clonepids"), strings.Fields(tt.args)...).CombinedOutput()
		got := strings.TrimSpace(string(out))
		if got != tt.want && !(tt.want == "child" && strings.HasPrefix(got, "child ")) {
			t.Errorf("%s: got %q (%v), want %q", tt.what, got, err, tt.want)
		}
	}
}
