package reggie

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const (
	registryUser     = "user"
	registryPassword = "password"
	// The bcrypt hash of the password.
	registryHash = "$2y$05$eU80HCEpqq3Gu0UuT30nK.S9nuJZc0jvbj8js2FO/irOC7L.hnnX."
)

// missing skips a test, or fails it if registries are required.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("REGGIE_REQUIRE_REGISTRIES") == "1" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// startServer runs a server until the end of the test, and returns the submatches of
// the first log line that matches.
func startServer(t *testing.T, line *regexp.Regexp, program string, args ...string) ([]string, error) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, args...)
	command.Stdout, command.Stderr = write, write
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	found := make(chan []string, 1)
	go func() {
		defer close(found)
		defer read.Close()
		scanner := bufio.NewScanner(read)
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			if match := line.FindStringSubmatch(scanner.Text()); match != nil {
				select {
				case found <- match:
				default:
				}
			}
		}
	}()
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	select {
	case match, ok := <-found:
		if !ok {
			return nil, fmt.Errorf("%s ended", program)
		}
		return match, nil
	case <-time.After(2 * time.Minute):
		return nil, fmt.Errorf("%s did not start", program)
	}
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// dockerRegistry starts Debian's docker-registry and returns its address.
func dockerRegistry(t *testing.T, basic bool) string {
	t.Helper()
	program, err := exec.LookPath("docker-registry")
	if err != nil {
		missing(t, "docker-registry is not installed")
	}
	return distributionRegistry(t, program, basic)
}

// optionalProgram returns the path of a program that only the long tests build.
func optionalProgram(t *testing.T, name string) string {
	t.Helper()
	folder := os.Getenv("REGGIE_LONG_PROGRAMS")
	if folder == "" {
		t.Skip("REGGIE_LONG_PROGRAMS is not set")
	}
	return filepath.Join(folder, name)
}

// ggcrRegistry starts the registry of go-containerregistry.
func ggcrRegistry(t *testing.T) string {
	t.Helper()
	match, err := startServer(t, regexp.MustCompile(`serving on port ([0-9]+)`),
		optionalProgram(t, "ggcr-registry"), "-port", "0")
	if err != nil {
		t.Fatal(err)
	}
	return "http://127.0.0.1:" + match[1]
}

// distributionRegistry starts a version of distribution.
func distributionRegistry(t *testing.T, program string, basic bool) string {
	t.Helper()
	// Version 3 sends traces otherwise.
	t.Setenv("OTEL_TRACES_EXPORTER", "none")
	folder := t.TempDir()
	config := fmt.Sprintf(`version: 0.1
log: {level: info}
storage:
  filesystem: {rootdirectory: %q}
  delete: {enabled: true}
  maintenance: {uploadpurging: {enabled: false}}
http:
  addr: 127.0.0.1:0
  secret: not shared
`, filepath.Join(folder, "storage"))
	if basic {
		users := write(t, filepath.Join(folder, "users"), registryUser+":"+registryHash+"\n")
		config += fmt.Sprintf("auth: {htpasswd: {realm: reggie, path: %q}}\n", users)
	}
	match, err := startServer(t, regexp.MustCompile(`listening on ([0-9.:]+)`), program, "serve",
		write(t, filepath.Join(folder, "config.yml"), config))
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + match[1]
}

// olareg starts olareg, with token authorization if tokens is true.
func olareg(t *testing.T, tokens bool) string {
	t.Helper()
	program, err := filepath.Abs("../../target/registries/olareg")
	if err == nil {
		_, err = os.Stat(program)
	}
	if err != nil {
		missing(t, "olareg is not built")
	}
	for try := 1; ; try++ {
		// olareg does not log the port that it gets for port 0.
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := listener.Addr().String()
		listener.Close()
		_, port, _ := net.SplitHostPort(address)
		args := []string{
			"serve", "--verbosity", "debug", "--store-type", "mem", "--api-delete",
			"--addr", "127.0.0.1", "--port", port, "--dir", t.TempDir(),
		}
		if tokens {
			users := fmt.Sprintf("users: {%s: {cred: %q}}\ngroups: {}\n"+
				"acls: [{repo: \"*\", members: [%q], access: [\"*\"]}]\n",
				registryUser, registryHash, registryUser)
			args = append(args, "--external-url", "http://"+address,
				"--auth-token-opaque", write(t, filepath.Join(t.TempDir(), "users.yml"), users))
		}
		_, err = startServer(t, regexp.MustCompile("launching server"), program, args...)
		if err == nil {
			err = reachable(address)
		}
		if err == nil {
			return "http://" + address
		}
		if try == 8 {
			t.Fatal(err)
		}
	}
}

// reachable waits until a server listens, which is shortly after its log line.
func reachable(address string) error {
	var err error
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		var conn net.Conn
		if conn, err = net.Dial("tcp", address); err == nil {
			return conn.Close()
		}
		time.Sleep(time.Millisecond)
	}
	return err
}

// The examples work with registries.
func TestExamples(t *testing.T) {
	folder := t.TempDir()
	args := append([]string{"build"}, buildTags()...)
	built := exec.Command("go", append(args, "-o", folder+"/", "./examples/...")...)
	if out, err := built.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, registry := range []struct {
		name    string
		start   func(*testing.T) string
		retries int
	}{
		{"docker-registry", func(t *testing.T) string { return dockerRegistry(t, false) }, 0},
		{"docker-registry with Basic", func(t *testing.T) string { return dockerRegistry(t, true) }, 1},
		{"olareg", func(t *testing.T) string { return olareg(t, false) }, 0},
		{"olareg with tokens", func(t *testing.T) string { return olareg(t, true) }, 1},
	} {
		t.Run(registry.name, func(t *testing.T) {
			address := registry.start(t)
			// The upload creates the tag that the list shows.
			for _, program := range []struct{ name, want string }{
				{"client", "status: 200"},
				{"upload", "absolute: " + address + "/v2/"},
				{"upload", "blob: {}\nmanifest: true"},
				{"tags", "status: 200 tags: [mytag]"},
				{"retry", fmt.Sprintf("called: %d", registry.retries)},
				{"errors", "code: "},
				{"failures", "404"},
				{"scope", "status: 202"},
				{"artifact", "tag: v1\n"},
				{"artifact", "note.txt: 5000 of 5000 bytes\npulled: 5000"},
				{"mirror", "with: application/vnd.example.signature\npulled: Hello!"},
			} {
				command := exec.Command(filepath.Join(folder, program.name), address)
				command.Env = append(os.Environ(),
					"REGISTRY_USER="+registryUser, "REGISTRY_PASSWORD="+registryPassword)
				out, err := command.CombinedOutput()
				if err != nil || !strings.Contains(string(out), program.want) {
					t.Errorf("%s: %v, no %q in the output: %s", program.name, err, program.want, out)
				}
				if strings.Contains(string(out), registryPassword) {
					t.Errorf("%s prints the password", program.name)
				}
			}
		})
	}
}
