package reggie

import (
	"bufio"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// The README has a row for each of Resty's methods and fields. Those that work
// exist and have a test.
func TestTableIsComplete(t *testing.T) {
	rows := tableRows(t)
	types := map[string]reflect.Type{
		"Client":   reflect.TypeOf(&Client{}),
		"Request":  reflect.TypeOf(&Request{}),
		"Response": reflect.TypeOf(&Response{}),
	}
	tests := map[string]map[string]func(*scene){
		"Client":   clientRows,
		"Request":  requestRows,
		"Response": responseRows,
	}
	listed := lines(t, "testdata/resty-v2.7.0.txt")
	counts := map[string]int{}
	for _, line := range listed {
		name, kind, _ := strings.Cut(line, " ")
		owner, member, _ := strings.Cut(name, ".")
		shown := name
		if kind == "method" {
			shown += "()"
			counts[owner]++
		}
		cells, ok := rows[shown]
		if !ok {
			t.Errorf("%s has no row", shown)
			continue
		}
		delete(rows, shown)
		found := false
		if kind == "method" {
			_, found = types[owner].MethodByName(member)
		} else {
			_, found = types[owner].Elem().FieldByName(member)
		}
		switch cells[0] {
		case "works":
			if !found {
				t.Errorf("%s works according to the README, but does not exist", shown)
			}
			if want := "`TestResty" + owner + "/" + member + "`"; cells[1] != want {
				t.Errorf("%s names the test %s, not %s", shown, cells[1], want)
			}
			if tests[owner][member] == nil {
				t.Errorf("%s has no test", shown)
			}
		case "no":
			if found {
				t.Errorf("%s exists, but does not work according to the README", shown)
			}
			if cells[2] == "" {
				t.Errorf("the row of %s gives no reason", shown)
			}
		default:
			t.Errorf("%s: %q", shown, cells[0])
		}
	}
	for left := range rows {
		t.Errorf("%s does not exist in Resty", left)
	}
	if counts["Client"] != 56 || counts["Request"] != 47 || counts["Response"] != 15 {
		t.Errorf("the list has %v", counts)
	}
}

// tableRows returns the cells of the table by name.
func tableRows(t *testing.T) map[string][]string {
	rows := map[string][]string{}
	for _, line := range lines(t, "README.md") {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if len(cells) != 4 {
			t.Fatalf("%q has %d cells", line, len(cells))
		}
		rows[strings.Trim(cells[0], "`")] = cells[1:]
	}
	return rows
}

func lines(t *testing.T, path string) []string {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []string
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		all = append(all, scanner.Text())
	}
	return all
}

// The code in the README is part of the examples.
func TestSnippetsAreFiles(t *testing.T) {
	programs := ""
	files, err := filepath.Glob("examples/*/main.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		programs += strings.Join(lines(t, file), "\n")
	}
	normalize := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	programs = normalize(programs)
	blocks := strings.Split(strings.Join(lines(t, "README.md"), "\n"), "```go\n")[1:]
	for _, block := range blocks {
		code, _, _ := strings.Cut(block, "```")
		code, _, _ = strings.Cut(strings.TrimPrefix(code, "import "), " // was")
		if !strings.Contains(programs, normalize(code)) {
			t.Errorf("in no example: %s", code)
		}
	}
}
