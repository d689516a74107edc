package reggie

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const comingFrom = "coming-from-oras-go-and-crane.md"

// declared returns the exported names of the package: "Copy", "Batch.Run".
func declared(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, path := range has[[]string](t)(filepath.Glob("*.go")) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file := has[*ast.File](t)(parser.ParseFile(token.NewFileSet(), path, nil, 0))
		for _, declaration := range file.Decls {
			switch d := declaration.(type) {
			case *ast.FuncDecl:
				name := d.Name.Name
				if d.Recv != nil {
					receiver := d.Recv.List[0].Type
					if star, ok := receiver.(*ast.StarExpr); ok {
						receiver = star.X
					}
					name = receiver.(*ast.Ident).Name + "." + name
				}
				names[name] = true
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch s := spec.(type) {
					case *ast.TypeSpec:
						names[s.Name.Name] = true
					case *ast.ValueSpec:
						for _, name := range s.Names {
							names[name.Name] = true
						}
					}
				}
			}
		}
	}
	return names
}

var quoted = regexp.MustCompile("`([^`]+)`")

// The page has a row for each function of the other packages, and what it recommends
// exists.
func TestComingFromIsComplete(t *testing.T) {
	names := declared(t)
	text := string(has[[]byte](t)(os.ReadFile(comingFrom)))
	_, rest, _ := strings.Cut(text, "## oras-go")
	oras, crane, _ := strings.Cut(rest, "## crane")
	for file, section := range map[string]string{
		"testdata/oras-go-v2.7.0.txt":               oras,
		"testdata/go-containerregistry-v0.22.1.txt": crane,
	} {
		rows := map[string]bool{}
		for _, line := range strings.Split(section, "\n") {
			if !strings.HasPrefix(line, "| `") {
				continue
			}
			cells := strings.Split(strings.Trim(line, "|"), "|")
			if len(cells) != 3 {
				t.Fatalf("%q has %d cells", line, len(cells))
			}
			for _, match := range quoted.FindAllStringSubmatch(cells[0], -1) {
				if rows[match[1]] {
					t.Errorf("%s has two rows", match[1])
				}
				rows[match[1]] = true
			}
			here := quoted.FindAllStringSubmatch(cells[1], -1)
			if len(here) == 0 && (strings.TrimSpace(cells[1]) != "no" || strings.TrimSpace(cells[2]) == "") {
				t.Errorf("no recommendation and no reason: %s", line)
			}
			for _, match := range append(here, quoted.FindAllStringSubmatch(cells[2], -1)...) {
				if !names[match[1]] && match[1] != "docker save" {
					t.Errorf("%s does not exist: %s", match[1], line)
				}
			}
		}
		for _, name := range lines(t, file) {
			if !rows[name] {
				t.Errorf("%s has no row", name)
			}
			delete(rows, name)
		}
		for name := range rows {
			if strings.Contains(name, ".") {
				t.Errorf("%s is not in %s", name, file)
			}
		}
	}
}

// The code of the page is part of an example.
func TestComingFromShowsExamples(t *testing.T) {
	examples := ""
	for _, file := range has[[]string](t)(filepath.Glob("example_*_test.go")) {
		examples += strings.Join(lines(t, file), "\n")
	}
	text := strings.Join(lines(t, comingFrom), "\n")
	blocks := strings.Split(text, "```go\n")[1:]
	if len(blocks) == 0 {
		t.Error("no code")
	}
	for _, block := range blocks {
		if code, _, _ := strings.Cut(block, "```"); !strings.Contains(examples, code) {
			t.Errorf("in no example: %s", code)
		}
	}
}
