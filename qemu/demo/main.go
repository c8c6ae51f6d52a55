// Command demo runs in the guest and shows what the project is for, as a transcript of the commands that a user would
// type. It checks what it shows: exit status 0 means that both programs continued at the next number.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

func main() {
	for _, part := range []func() error{external, self} {
		if err := part(); err != nil {
			fmt.Println("demo:", err)
			os.Exit(1)
		}
	}
	fmt.Println("\nBoth programs continued where they were. `make shell` gives this machine to you.")
}

// external shows a program that knows nothing about checkpoints.
func external() error {
	const out, image = "/tmp/count.out", "/tmp/count.image"
	say("A program counts in memory and writes every number to a file.")
	counter, err := background("counter "+out, "")
	if err != nil {
		return err
	}
	time.Sleep(2200 * time.Millisecond)
	if err := run("cat " + out); err != nil {
		return err
	}
	say("It is frozen, written to a file by the kernel, and killed.")
	if err := run(fmt.Sprintf("checkpoint --kill -o %s %d", image, counter.Process.Pid)); err != nil {
		return err
	}
	// The exit status is that of a killed process, as it should be.
	_ = counter.Wait()
	before, err := numbers(out)
	if err != nil {
		return err
	}
	if err := runHead("ckptinfo "+image, 12); err != nil {
		return err
	}
	if err := syscall.Kill(counter.Process.Pid, 0); err != syscall.ESRCH {
		return fmt.Errorf("process %d is still there", counter.Process.Pid)
	}
	say("Process %d is gone, its last number was %d. It comes back from the image.", counter.Process.Pid, before)
	if err := run("restart --no-wait -i " + image); err != nil {
		return err
	}
	time.Sleep(2200 * time.Millisecond)
	if err := run("cat " + out); err != nil {
		return err
	}
	if _, err := numbers(out); err != nil {
		return err
	}
	return syscall.Kill(counter.Process.Pid, syscall.SIGKILL)
}

// self shows a program that checkpoints itself, as the specification's second walk-through does.
func self() error {
	const out, image = "/tmp/cr-self.out", "/tmp/self.image"
	say("Another program writes an image of itself while it counts, and goes on.")
	program, err := background("self_checkpoint", image)
	if err != nil {
		return err
	}
	if err := waitFor(out, "checkpoint ret: ", 20*time.Second); err != nil {
		return err
	}
	time.Sleep(2 * time.Second)
	if err := program.Process.Kill(); err != nil {
		return err
	}
	_ = program.Wait()
	if err := run("cat " + out); err != nil {
		return err
	}
	say("It was killed. Its file is edited, so that old lines can be told from new ones.")
	fmt.Println("# sed -i s/count/xxxxx/g " + out)
	data, err := os.ReadFile(out)
	if err != nil {
		return err
	}
	if err := os.WriteFile(out, []byte(strings.ReplaceAll(string(data), "count", "xxxxx")), 0o644); err != nil {
		return err
	}
	say("Restarted, it returns from the checkpoint call a second time, now with 0, and goes on from there.")
	restarted, err := background("restart --self -i "+image, "")
	if err != nil {
		return err
	}
	if err := waitFor(out, "checkpoint ret: 0", 20*time.Second); err != nil {
		return err
	}
	time.Sleep(2 * time.Second)
	if err := restarted.Process.Kill(); err != nil {
		return err
	}
	_ = restarted.Wait()
	return run("cat " + out)
}

// say explains the next step.
func say(format string, args ...any) {
	fmt.Printf("\n"+format+"\n\n", args...)
}

// run shows a command, executes it, and shows its output.
func run(line string) error {
	fmt.Println("# " + line)
	out, err := output(line)
	fmt.Print(out)
	return err
}

// runHead is run for a command whose output is long: it shows the first n lines.
func runHead(line string, n int) error {
	fmt.Printf("# %s | head -n %d\n", line, n)
	out, err := output(line)
	for i, l := range strings.SplitAfter(out, "\n") {
		if i == n && err == nil {
			break
		}
		fmt.Print(l)
	}
	return err
}

func output(line string) (string, error) {
	args := strings.Fields(line)
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s: %w", line, err)
	}
	return string(out), nil
}

// background shows a command and starts it in a session of its own, away from pipes and terminals. Its output goes to
// stdout if that names a file.
func background(line, stdout string) (*exec.Cmd, error) {
	shown := "# " + line
	args := strings.Fields(line)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if stdout != "" {
		shown += " > " + stdout
		f, err := os.Create(stdout)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		cmd.Stdout = f
	}
	fmt.Println(shown + " &")
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", line, err)
	}
	fmt.Printf("[%d]\n", cmd.Process.Pid)
	return cmd, nil
}

// numbers returns the last number of a counter's file, whose lines must be count 0, count 1 and so on without a gap.
func numbers(path string) (int, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	for i, line := range lines {
		if want := fmt.Sprintf("count %d", i); line != want {
			return 0, fmt.Errorf("%s: line %d is %q, want %q", path, i+1, line, want)
		}
	}
	return len(lines) - 1, nil
}

// waitFor returns when the file at path contains text.
func waitFor(path, text string, limit time.Duration) error {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		data, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(data), text) {
			return nil
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return fmt.Errorf("%s does not say %q after %s, but:\n%s", path, text, limit, data)
}
