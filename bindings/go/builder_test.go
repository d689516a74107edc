package reggie

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// An artifact with everything that a builder can set goes to each registry, and its
// files come back.
func TestBuilderAndPullFiles(t *testing.T) {
	withEachRegistry(t, func(t *testing.T, repository *Repository) {
		folder := t.TempDir()
		write(t, filepath.Join(folder, "a.txt"), "first")
		write(t, filepath.Join(folder, "b"), "second")
		subject := pushImages(t, repository).Descriptor()
		existing := has[Descriptor](t)(repository.PushBlobBytes(background, []byte("existing"), ""))
		existing.MediaType = "text/plain"
		existing.Annotations = map[string]string{AnnotationTitle: "c", "note": "é"}
		build := func() *Builder {
			builder := NewBuilder()
			builder.SetArtifactType("application/vnd.example.files")
			builder.SetSubject(subject)
			builder.SetAnnotation("one", "1")
			builder.SetAnnotation("two", "2")
			builder.RemoveAnnotation("two")
			builder.SetConfig([]byte(`{"a":1}`), "application/vnd.example.config+json")
			builder.AddFile(filepath.Join(folder, "a.txt"), "text/plain", "")
			builder.AddFile(filepath.Join(folder, "b"), "", "sub/b.txt")
			builder.Annotate("note", "x")
			builder.Annotate("other", "y")
			builder.Unannotate("other")
			builder.AddLayer(filepath.Join(folder, "a.txt"), "")
			builder.AddBytes([]byte("memory"), "text/plain", "memory.txt")
			builder.Add(existing)
			return builder
		}
		builder := build()
		pushed := has[*Manifest](t)(builder.Push(background, repository, []string{"files"}, WithParallel(2)))
		// The same content yields the same bytes.
		if again := has[*Manifest](t)(build().Build(background)); !bytes.Equal(again.Bytes(), pushed.Bytes()) {
			t.Errorf("%s\n%s", again.Bytes(), pushed.Bytes())
		}
		has[*Manifest](t)(builder.Push(background, repository, []string{"files"}))
		if pushed.ArtifactType() != "application/vnd.example.files" || pushed.Subject().Digest != subject.Digest ||
			fmt.Sprint(pushed.Annotations()) != "map[one:1]" ||
			pushed.Config().MediaType != "application/vnd.example.config+json" {
			t.Errorf("%s", pushed.Bytes())
		}
		var titles []string
		for _, layer := range pushed.Layers() {
			titles = append(titles, layer.MediaType+" "+layer.Annotations[AnnotationTitle]+" "+layer.Annotations["note"])
		}
		if want := []string{
			"text/plain a.txt ", "application/octet-stream sub/b.txt x", "application/octet-stream  ",
			"text/plain memory.txt ", "text/plain c é",
		}; !slices.Equal(titles, want) {
			t.Errorf("%q", titles)
		}

		to := filepath.Join(t.TempDir(), "new")
		var skipped, ended int
		pulled := has[*Manifest](t)(repository.PullFiles(background, "files", to, WithProgress(0, func(p Progress) error {
			switch p.Event {
			case ProgressSkip:
				skipped++
			case ProgressEnd:
				ended++
			case ProgressDone:
				if p.AllDone != p.AllTotal || p.AllTotal == 0 {
					t.Errorf("%+v", p)
				}
			}
			return nil
		})))
		if !bytes.Equal(pulled.Bytes(), pushed.Bytes()) {
			t.Errorf("%s", pulled.Bytes())
		}
		if skipped != 1 || ended < 4 {
			t.Errorf("%d skipped, %d ended", skipped, ended)
		}
		for name, want := range map[string]string{
			"a.txt": "first", "sub/b.txt": "second", "memory.txt": "memory", "c": "existing",
		} {
			if content := has[[]byte](t)(os.ReadFile(filepath.Join(to, name))); string(content) != want {
				t.Errorf("%s: %q", name, content)
			}
		}
	})
}

// A config that exists, and an index without entries.
func TestBuilderDescriptors(t *testing.T) {
	checkLeaks(t)
	layout := newLayout(t)
	config := has[Descriptor](t)(layout.PushBlobBytes(background, []byte(`{"c":1}`), ""))
	config.MediaType = "application/vnd.example.config"
	embedded := Descriptor{
		MediaType: "text/plain", Digest: digestOf([]byte("data")), Size: 4, Data: []byte("data"),
		URLs: []string{"https://registry.example/data"},
	}
	builder := NewBuilder()
	builder.SetConfigDescriptor(config)
	builder.Add(embedded)
	builder.SetSubject(config)
	builder.SetSubject(Descriptor{})
	manifest := has[*Manifest](t)(builder.Build(background))
	if layer := manifest.Layers()[0]; string(layer.Data) != "data" || !slices.Equal(layer.URLs, embedded.URLs) {
		t.Errorf("%+v", layer)
	}
	if manifest.Config().Digest != config.Digest || manifest.Subject() != nil {
		t.Errorf("%s", manifest.Bytes())
	}
	index := has[*Manifest](t)(NewIndexBuilder().Push(background, layout, []string{"empty"}, WithAlgorithm("sha512")))
	if !index.IsIndex() || len(index.Manifests()) != 0 || !strings.HasPrefix(index.Descriptor().Digest, "sha512:") {
		t.Errorf("%s %s", index.Descriptor().Digest, index.Bytes())
	}
}

// The first error of a method that returns nothing is that of Build and Push, which do
// not run.
func TestBuilderErrors(t *testing.T) {
	checkLeaks(t)
	layout := newLayout(t)
	for name, test := range map[string]struct {
		set  func(*Builder)
		want error
	}{
		"artifact type":  {func(b *Builder) { b.SetArtifactType("no type") }, StatusInvalidMediaType},
		"title":          {func(b *Builder) { b.AddBytes(nil, "", "../x") }, StatusUnsafeName},
		"title of file":  {func(b *Builder) { b.AddFile("x", "", "/x") }, StatusUnsafeName},
		"nothing added":  {func(b *Builder) { b.Annotate("a", "b") }, StatusInvalidArgument},
		"annotation":     {func(b *Builder) { b.SetAnnotation("", "b") }, StatusInvalidArgument},
		"nul":            {func(b *Builder) { b.SetAnnotation("a", "\x00") }, StatusInvalidArgument},
		"config type":    {func(b *Builder) { b.SetConfig(nil, "no type") }, StatusInvalidMediaType},
		"no path":        {func(b *Builder) { b.AddLayer("", "") }, StatusInvalidArgument},
		"digest":         {func(b *Builder) { b.Add(Descriptor{Digest: "x"}) }, StatusInvalidManifest},
		"no type":        {func(*Builder) {}, StatusMissingValue},
		"no such file":   {func(b *Builder) { b.SetArtifactType("a/b"); b.AddLayer("/nowhere", "") }, StatusFile},
		"config missing": {func(b *Builder) { b.Add(Descriptor{Digest: digestOf(nil), Size: UnknownSize}) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			builder := NewBuilder()
			test.set(builder)
			if name != "no such file" && name != "no type" {
				builder.SetArtifactType("application/vnd.example")
			}
			_, err := builder.Build(background)
			_, again := builder.Push(background, layout, nil)
			if err == nil || again == nil || test.want != nil && (!errors.Is(err, test.want) || !errors.Is(again, test.want)) {
				t.Errorf("%v; %v", err, again)
			}
		})
	}
	index := NewIndexBuilder()
	index.AddBytes(nil, "", "")
	if _, err := index.Build(background); !errors.Is(err, StatusInvalidArgument) {
		t.Errorf("%v", err)
	}
	ended, cancel := context.WithCancel(background)
	cancel()
	if _, err := NewIndexBuilder().Build(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// Names in a manifest cannot lead out of the directory.
func TestPullFilesOfOthers(t *testing.T) {
	checkLeaks(t)
	layout := newLayout(t)
	x := has[Descriptor](t)(layout.PushBlobBytes(background, []byte("x"), ""))
	push := func(titles ...string) {
		t.Helper()
		builder := NewBuilder()
		builder.SetArtifactType("application/vnd.example")
		for _, title := range titles {
			layer := x
			if title != "" {
				layer.Annotations = map[string]string{AnnotationTitle: title}
			}
			builder.Add(layer)
		}
		has[*Manifest](t)(builder.Push(background, layout, []string{"v1"}))
	}
	folder := t.TempDir()
	for _, titles := range [][]string{{"../y"}, {"/y"}, {"a", "a"}, {"a/../../y"}} {
		push(titles...)
		if _, err := layout.PullFiles(background, "v1", folder); !errors.Is(err, StatusUnsafeName) {
			t.Errorf("%q: %v", titles, err)
		}
	}
	push("")
	if _, err := layout.PullFiles(background, "v1", folder); !errors.Is(err, StatusNoFiles) {
		t.Errorf("%v", err)
	}
	push("left-out", "../left-out", "taken")
	has[*Manifest](t)(layout.PullFiles(background, "v1", folder, WithFilter(func(c Candidate) (bool, error) {
		return c.Item.Annotations[AnnotationTitle] == "taken", nil
	})))
	entries := has[[]os.DirEntry](t)(os.ReadDir(folder))
	if len(entries) != 1 || entries[0].Name() != "taken" {
		t.Errorf("%v", entries)
	}
	errOwn := errors.New("own error")
	_, err := layout.PullFiles(background, "v1", folder, WithFilter(func(Candidate) (bool, error) { return true, errOwn }))
	if !errors.Is(err, errOwn) {
		t.Errorf("%v", err)
	}
}
