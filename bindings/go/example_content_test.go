package reggie_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"libreggie/reggie"
)

// The examples use a registry in memory.

func ExampleOpenRepository() {
	address, stop := reggie.StartExampleRegistry()
	defer stop()

	repository, err := reggie.OpenRepository(address + "/team/app:1.2")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(repository.Name(), repository.Target())
	// Output: team/app 1.2
}

func ExampleNewRepository() {
	client, err := reggie.NewClient("https://registry.example")
	if err != nil {
		log.Fatal(err)
	}
	// They share connections and tokens.
	for _, name := range []string{"team/one", "team/two"} {
		repository, err := reggie.NewRepository(client, name)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(repository.Name(), repository.Target())
	}
	// Output:
	// team/one latest
	// team/two latest
}

func ExampleParseReference() {
	reference, err := reggie.ParseReference("alpine:3.22", reggie.DockerHub)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reference)
	fmt.Println(reference.Registry(), reference.Address(), reference.Name(), reference.Target())
	// Output:
	// docker.io/library/alpine:3.22
	// docker.io https://registry-1.docker.io library/alpine 3.22
}

// Push a file as an artifact, and pull it.
func ExampleRepository() {
	address, stop := reggie.StartExampleRegistry()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	repository, err := reggie.OpenRepository(address + "/team/notes:v1")
	if err != nil {
		log.Fatal(err)
	}
	layer, err := repository.PushBlobBytes(ctx, []byte("Hello, registry!\n"), "")
	if err != nil {
		log.Fatal(err)
	}
	layer.MediaType = "text/plain"
	layer.Annotations = map[string]string{reggie.AnnotationTitle: "note.txt"}
	content, err := json.Marshal(map[string]any{
		"schemaVersion": 2,
		"mediaType":     reggie.MediaTypeOCIManifest,
		"artifactType":  "application/vnd.example.note",
		"config":        reggie.EmptyDescriptor(),
		"layers":        []reggie.Descriptor{layer},
	})
	if err != nil {
		log.Fatal(err)
	}
	manifest, err := reggie.ParseManifest(content, "")
	if err != nil {
		log.Fatal(err)
	}
	if err := repository.PushManifest(ctx, manifest, []string{"v1", "latest"}); err != nil {
		log.Fatal(err)
	}

	pulled, err := repository.PullManifest(ctx, "v1")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(pulled.ArtifactType())
	for _, layer := range pulled.Layers() {
		fmt.Println(layer.Annotations[reggie.AnnotationTitle], layer.Size)
		if err := repository.PullBlob(ctx, layer, os.Stdout); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// application/vnd.example.note
	// note.txt 17
	// Hello, registry!
}

// exampleBlob starts a registry that has a blob.
func exampleBlob() (repository *reggie.Repository, blob reggie.Descriptor, stop func()) {
	address, stop := reggie.StartExampleRegistry()
	repository, err := reggie.OpenRepository(address + "/team/app:v1")
	if err != nil {
		log.Fatal(err)
	}
	content := strings.Repeat("0123456789", 1000)
	blob, err = repository.PushBlobBytes(context.Background(), []byte(content), "")
	if err != nil {
		log.Fatal(err)
	}
	return repository, blob, stop
}

func ExampleRepository_PullBlob() {
	repository, blob, stop := exampleBlob()
	defer stop()

	var content bytes.Buffer
	err := repository.PullBlob(context.Background(), blob, &content)
	fmt.Println(content.Len(), err)
	// Output: 10000 <nil>
}

// A pull that was interrupted continues where it was.
func ExampleRepository_PullBlobFile() {
	repository, blob, stop := exampleBlob()
	defer stop()
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)

	path := filepath.Join(folder, "blob")
	show := reggie.WithProgress(100*time.Millisecond, func(p reggie.Progress) error {
		if p.Event == reggie.ProgressEnd {
			fmt.Printf("%d of %d bytes\n", p.Done, p.Total)
		}
		return nil
	})
	err = repository.PullBlobFile(context.Background(), blob, path, show)
	fmt.Println(err)
	// Output:
	// 10000 of 10000 bytes
	// <nil>
}

// Test for the kinds of failures.
func ExampleRepository_StatBlob() {
	repository, blob, stop := exampleBlob()
	defer stop()

	size, err := repository.StatBlob(context.Background(), blob.Digest)
	fmt.Println(size, err)
	_, err = repository.StatBlob(context.Background(), "sha256:"+strings.Repeat("0", 64))
	switch {
	case errors.Is(err, reggie.StatusNotFound):
		fmt.Println("there is no such blob")
	case errors.Is(err, reggie.StatusUnauthorized), errors.Is(err, reggie.StatusDenied):
		fmt.Println("access denied")
	}
	// Output:
	// 10000 <nil>
	// there is no such blob
}

func ExampleRepository_OpenBlob() {
	repository, blob, stop := exampleBlob()
	defer stop()

	opened, err := repository.OpenBlob(context.Background(), blob)
	if err != nil {
		log.Fatal(err)
	}
	defer opened.Close()
	part := make([]byte, 5)
	if _, err := opened.ReadAt(part, 9995); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", part)
	// The reader verifies the digest.
	n, err := io.Copy(io.Discard, opened)
	fmt.Println(n, err)
	// Output:
	// 56789
	// 10000 <nil>
}

// Push the output of something, without a file in between.
func ExampleRepository_PushBlob() {
	repository, _, stop := exampleBlob()
	defer stop()

	output, input := io.Pipe()
	go func() {
		_, err := io.WriteString(input, "produced bit by bit")
		input.CloseWithError(err)
	}()
	blob, err := repository.PushBlob(context.Background(), output, reggie.UnknownSize, "")
	fmt.Println(blob.Size, err)
	// Output: 19 <nil>
}

// Write a blob in pieces, in two processes.
func ExampleUpload() {
	repository, _, stop := exampleBlob()
	defer stop()
	ctx := context.Background()
	content := bytes.Repeat([]byte("x"), 200<<10)
	// In chunks of this size, at most one of which is lost.
	small := reggie.WithChunkSize(64 << 10)

	first, err := repository.BeginUpload(ctx, small)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := first.Write(content[:100<<10]); err != nil {
		log.Fatal(err)
	}
	state, err := first.Export()
	if err != nil {
		log.Fatal(err)
	}
	first.Close()

	second, err := repository.ImportUpload(ctx, state, small)
	if err != nil {
		log.Fatal(err)
	}
	defer second.Close()
	fmt.Println("continues at", second.Offset())
	if _, err := second.Write(content[second.Offset():]); err != nil {
		log.Fatal(err)
	}
	blob, err := second.Commit("")
	fmt.Println(blob.Size, err)
	// Output:
	// continues at 65536
	// 204800 <nil>
}

func exampleImage() (repository *reggie.Repository, stop func()) {
	repository, blob, stop := exampleBlob()
	ctx := context.Background()
	push := func(tags []string, content map[string]any) reggie.Descriptor {
		content["schemaVersion"] = 2
		text, err := json.Marshal(content)
		if err != nil {
			log.Fatal(err)
		}
		manifest, err := reggie.ParseManifest(text, "")
		if err != nil {
			log.Fatal(err)
		}
		if err := repository.PushManifest(ctx, manifest, tags); err != nil {
			log.Fatal(err)
		}
		return manifest.Descriptor()
	}
	var entries []reggie.Descriptor
	for _, platform := range []string{"linux/amd64", "linux/arm64/v8"} {
		entry := push(nil, map[string]any{
			"mediaType":   reggie.MediaTypeOCIManifest,
			"config":      reggie.EmptyDescriptor(),
			"layers":      []reggie.Descriptor{blob},
			"annotations": map[string]string{"platform": platform},
		})
		entry.Platform = platform
		entries = append(entries, entry)
	}
	index := push([]string{"v1", "v2", "v3"}, map[string]any{
		"mediaType": reggie.MediaTypeOCIIndex, "manifests": entries,
	})
	push(nil, map[string]any{
		"mediaType":    reggie.MediaTypeOCIManifest,
		"artifactType": "application/vnd.example.signature",
		"config":       reggie.EmptyDescriptor(),
		"layers":       []reggie.Descriptor{},
		"subject":      index,
	})
	return repository, stop
}

func ExampleRepository_ResolveManifest() {
	repository, stop := exampleImage()
	defer stop()

	manifest, err := repository.ResolveManifest(context.Background(), "v1", "linux/arm64")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(manifest.Annotations()["platform"], len(manifest.Layers()))
	// Output: linux/arm64/v8 1
}

func ExampleManifest_Manifests() {
	repository, stop := exampleImage()
	defer stop()

	index, err := repository.PullManifest(context.Background(), "v1")
	if err != nil {
		log.Fatal(err)
	}
	for _, entry := range index.Manifests() {
		fmt.Println(entry.Platform, entry.MediaType)
	}
	// Output:
	// linux/amd64 application/vnd.oci.image.manifest.v1+json
	// linux/arm64/v8 application/vnd.oci.image.manifest.v1+json
}

func ExampleRepository_Tags() {
	repository, stop := exampleImage()
	defer stop()

	for tag, err := range repository.Tags(context.Background(), "") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(tag)
	}
	// Output:
	// v1
	// v2
	// v3
}

func ExampleRepository_Referrers() {
	repository, stop := exampleImage()
	defer stop()
	ctx := context.Background()

	image, err := repository.StatManifest(ctx, "v1")
	if err != nil {
		log.Fatal(err)
	}
	for referrer, err := range repository.Referrers(ctx, image.Digest, "") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(referrer.ArtifactType)
	}
	// Output: application/vnd.example.signature
}

func ExampleClient_Catalog() {
	repository, stop := exampleImage()
	defer stop()

	for name, err := range repository.Client().Catalog(context.Background(), "") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(name)
	}
	// Output: team/app
}
