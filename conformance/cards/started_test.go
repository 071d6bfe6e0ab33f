package cards

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	startWithin = 45 * time.Second
	stopWithin  = 8 * time.Second
)

// A connector with the embedded exchange, as a process of ours.
type started struct {
	command *exec.Cmd
	log     string
	address string
	ended   chan struct{}
}

// What the operator of an existing deployment sets, and nothing of this process's own environment.
func start(program, folder, name string, settings ...string) (*started, error) {
	log, err := os.Create(filepath.Join(folder, name+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	command := exec.Command(program, "serve")
	command.Dir, command.Stderr = folder, log
	command.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + folder, "EXCHANGE=mock", "PORT=0",
		"CONNECTOR_STATE__PATH=" + filepath.Join(folder, name+".sqlite3"),
	}, settings...)
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	s := &started{command: command, log: log.Name(), ended: make(chan struct{})}
	serving := make(chan int, 1)
	go func() {
		defer close(s.ended)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			var line struct {
				Event string
				Port  int
			}
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Event == "serving" {
				serving <- line.Port
			}
		}
		_ = command.Wait()
	}()
	select {
	case port := <-serving:
		s.address = "127.0.0.1:" + strconv.Itoa(port)
		return s, nil
	case <-s.ended:
		return nil, fmt.Errorf("the connector ended at once: %s", s.logEnd())
	case <-time.After(startWithin):
		s.stop()
		return nil, fmt.Errorf("no serving line within %v: %s", startWithin, s.logEnd())
	}
}

func (s *started) stop() {
	_ = s.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(stopWithin):
		_ = s.command.Process.Kill()
		<-s.ended
	}
}

// Resident memory in MiB and open files, as Linux tells them; false elsewhere.
func (s *started) size() (memory float64, files int, known bool) {
	proc := fmt.Sprintf("/proc/%d/", s.command.Process.Pid)
	text, err := os.ReadFile(proc + "status")
	if err != nil {
		return 0, 0, false
	}
	for _, line := range strings.Split(string(text), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmRSS:" {
			kib, _ := strconv.Atoi(fields[1])
			memory = float64(kib) / 1024
		}
	}
	open, err := os.ReadDir(proc + "fd")
	return memory, len(open), err == nil && memory > 0
}

func (s *started) logEnd() string {
	text, _ := os.ReadFile(s.log)
	return string(text[max(0, len(text)-600):])
}
