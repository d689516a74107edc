package reggie_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"libreggie/reggie"
)

// exampleFolder returns a directory with a file, and a function that removes it.
func exampleFolder() (folder string, remove func()) {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "note.txt"), []byte("Hello!\n"), 0o600); err != nil {
		log.Fatal(err)
	}
	return folder, func() { os.RemoveAll(folder) }
}

// exampleArtifact pushes an artifact that has a file, and returns its repository.
func exampleArtifact(ctx context.Context, folder, title string) (repository *reggie.Repository, stop func()) {
	address, stop := reggie.StartExampleRegistry()
	repository, err := reggie.OpenRepository(address + "/team/notes:v1")
	if err != nil {
		log.Fatal(err)
	}
	artifact := reggie.NewBuilder()
	artifact.SetArtifactType("application/vnd.example.note")
	artifact.AddFile(filepath.Join(folder, "note.txt"), "text/plain", title)
	if _, err := artifact.Push(ctx, repository, []string{"v1"}); err != nil {
		log.Fatal(err)
	}
	return repository, stop
}

// Copy an image with its signatures to an image layout.
func ExampleCopy() {
	repository, stop := exampleImage()
	defer stop()
	folder, remove := exampleFolder()
	defer remove()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	layout, err := reggie.CreateLayout(filepath.Join(folder, "layout"))
	if err != nil {
		log.Fatal(err)
	}
	show := reggie.WithProgress(0, func(p reggie.Progress) error {
		if p.Event == reggie.ProgressDone {
			fmt.Println(p.AllDone == p.AllTotal)
		}
		return nil
	})
	copied, err := reggie.Copy(ctx, repository, "v1", layout, []string{"v1"},
		reggie.WithReferrers(true), show)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(copied.MediaType)
	for referrer, err := range layout.Referrers(ctx, copied.Digest, "") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(referrer.ArtifactType)
	}
	// Output:
	// true
	// application/vnd.oci.image.index.v1+json
	// application/vnd.example.signature
}

// Copy only the image for a platform.
func ExampleWithPlatform() {
	repository, stop := exampleImage()
	defer stop()
	folder, remove := exampleFolder()
	defer remove()

	layout, err := reggie.CreateLayout(filepath.Join(folder, "layout"))
	if err != nil {
		log.Fatal(err)
	}
	copied, err := reggie.Copy(context.Background(), repository, "v1", layout, []string{"arm"},
		reggie.WithPlatform("linux/arm64"))
	fmt.Println(copied.MediaType, err)
	// Output: application/vnd.oci.image.manifest.v1+json <nil>
}

// Leave out what is not needed. Only layouts accept incomplete images.
func ExampleWithFilter() {
	repository, stop := exampleImage()
	defer stop()
	folder, remove := exampleFolder()
	defer remove()

	layout, err := reggie.CreateLayout(filepath.Join(folder, "layout"))
	if err != nil {
		log.Fatal(err)
	}
	onlyARM := reggie.WithFilter(func(c reggie.Candidate) (bool, error) {
		isOther := c.Item.Platform != "" && !strings.HasPrefix(c.Item.Platform, "linux/arm64")
		return c.Included && !isOther, nil
	})
	index, err := reggie.Copy(context.Background(), repository, "v1", layout, []string{"v1"}, onlyARM)
	if err != nil {
		log.Fatal(err)
	}
	_, err = layout.ResolveManifest(context.Background(), index.Digest, "linux/amd64")
	fmt.Println(errors.Is(err, reggie.StatusNotFound))
	// Output: true
}

func ExampleCreateLayout() {
	folder, remove := exampleFolder()
	defer remove()
	ctx := context.Background()

	layout, err := reggie.CreateLayout(filepath.Join(folder, "layout"))
	if err != nil {
		log.Fatal(err)
	}
	builder := reggie.NewBuilder()
	builder.SetArtifactType("application/vnd.example.note")
	builder.AddFile(filepath.Join(folder, "note.txt"), "text/plain", "")
	if _, err := builder.Push(ctx, layout, []string{"v1", "latest"}); err != nil {
		log.Fatal(err)
	}
	for tag, err := range layout.Tags(ctx, "") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(tag)
	}
	// Output:
	// latest
	// v1
}

func ExampleOpenLayout() {
	folder, remove := exampleFolder()
	defer remove()

	_, err := reggie.OpenLayout(folder)
	fmt.Println(errors.Is(err, reggie.StatusInvalidLayout))
	// Output: true
}

// Push files as an artifact, and a signature of it.
func ExampleBuilder() {
	address, stop := reggie.StartExampleRegistry()
	defer stop()
	folder, remove := exampleFolder()
	defer remove()
	ctx := context.Background()

	repository, err := reggie.OpenRepository(address + "/team/notes:v1")
	if err != nil {
		log.Fatal(err)
	}
	artifact := reggie.NewBuilder()
	artifact.SetArtifactType("application/vnd.example.note")
	artifact.SetAnnotation("org.opencontainers.image.licenses", "MIT")
	artifact.AddFile(filepath.Join(folder, "note.txt"), "text/plain", "")
	artifact.Annotate("com.example.language", "en")
	pushed, err := artifact.Push(ctx, repository, []string{"v1"})
	if err != nil {
		log.Fatal(err)
	}
	signature := reggie.NewBuilder()
	signature.SetArtifactType("application/vnd.example.signature")
	signature.SetSubject(pushed.Descriptor())
	signature.AddBytes([]byte("signed"), "application/octet-stream", "")
	if _, err := signature.Push(ctx, repository, nil); err != nil {
		log.Fatal(err)
	}
	for _, layer := range pushed.Layers() {
		fmt.Println(layer.Annotations[reggie.AnnotationTitle], layer.Size)
	}
	// Output: note.txt 7
}

// Build an image of two platforms.
func ExampleNewIndexBuilder() {
	folder, remove := exampleFolder()
	defer remove()
	ctx := context.Background()

	layout, err := reggie.CreateLayout(filepath.Join(folder, "layout"))
	if err != nil {
		log.Fatal(err)
	}
	index := reggie.NewIndexBuilder()
	for _, architecture := range []string{"amd64", "arm64"} {
		image := reggie.NewBuilder()
		config := fmt.Sprintf(`{"architecture":%q,"os":"linux"}`, architecture)
		image.SetConfig([]byte(config), "application/vnd.oci.image.config.v1+json")
		image.AddLayer(filepath.Join(folder, "note.txt"), "application/vnd.oci.image.layer.v1.tar")
		pushed, err := image.Push(ctx, layout, nil)
		if err != nil {
			log.Fatal(err)
		}
		entry := pushed.Descriptor()
		entry.Platform = "linux/" + architecture
		index.Add(entry)
	}
	pushed, err := index.Push(ctx, layout, []string{"v1"})
	if err != nil {
		log.Fatal(err)
	}
	for _, entry := range pushed.Manifests() {
		fmt.Println(entry.Platform)
	}
	// Output:
	// linux/amd64
	// linux/arm64
}

func ExampleRepository_PullFiles() {
	folder, remove := exampleFolder()
	defer remove()
	ctx := context.Background()
	repository, stop := exampleArtifact(ctx, folder, "notes/first.txt")
	defer stop()

	pulled := filepath.Join(folder, "pulled")
	if _, err := repository.PullFiles(ctx, "v1", pulled); err != nil {
		log.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(pulled, "notes", "first.txt"))
	fmt.Printf("%s%v\n", content, err)
	// Output:
	// Hello!
	// <nil>
}

// Mirror tags. An image that cannot be copied does not stop the others.
func ExampleBatch() {
	repository, stop := exampleImage()
	defer stop()
	folder, remove := exampleFolder()
	defer remove()

	layout, err := reggie.CreateLayout(filepath.Join(folder, "layout"))
	if err != nil {
		log.Fatal(err)
	}
	batch := reggie.NewBatch(reggie.WithReferrers(true))
	batch.SetKeepGoing(true)
	for _, tag := range []string{"v1", "v2", "missing"} {
		batch.Copy(repository, tag, layout, []string{tag})
	}
	err = batch.Run(context.Background())
	fmt.Println(errors.Is(err, reggie.StatusNotFound))
	for _, item := range batch.Items() {
		fmt.Println(item.Index(), item.Err() == nil)
	}
	// Output:
	// true
	// 0 true
	// 1 true
	// 2 false
}

// Pull the layers of an image as soon as its manifests have been pulled.
func ExampleBatch_Results() {
	repository, stop := exampleImage()
	defer stop()
	folder, remove := exampleFolder()
	defer remove()

	var pulled []string
	batch := reggie.NewBatch()
	batch.PullManifest(repository, "v1")
	for item, err := range batch.Results(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		manifest := item.Manifest()
		if manifest == nil {
			pulled = append(pulled, fmt.Sprint("layer of ", item.Descriptor().Size, " bytes"))
			continue
		}
		pulled = append(pulled, fmt.Sprint("manifest with ", len(manifest.Manifests()), " entries"))
		for _, entry := range manifest.Manifests() {
			batch.PullManifest(repository, entry.Digest)
		}
		for _, layer := range manifest.Layers() {
			batch.PullBlobFile(repository, layer, filepath.Join(folder, layer.Digest))
		}
	}
	sort.Strings(pulled)
	fmt.Println(strings.Join(pulled, "\n"))
	// Output:
	// layer of 10000 bytes
	// layer of 10000 bytes
	// manifest with 0 entries
	// manifest with 0 entries
	// manifest with 2 entries
}
