// Push a file as an artifact, list the tags, and pull it, with progress. Interrupt
// ends a call at once.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/signal"

	"libreggie/reggie"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	repository, err := reggie.OpenRepository(os.Args[1]+"/myorg/artifact:v1",
		reggie.WithUsernamePassword(os.Getenv("REGISTRY_USER"), os.Getenv("REGISTRY_PASSWORD")))
	if err != nil {
		log.Fatal(err)
	}
	if err := push(ctx, repository); err != nil {
		log.Fatal("push: ", err)
	}
	for tag, err := range repository.Tags(ctx, "") {
		if err != nil {
			log.Fatal("tags: ", err)
		}
		fmt.Println("tag:", tag)
	}
	if err := pull(ctx, repository); err != nil {
		log.Fatal("pull: ", err)
	}
}

func push(ctx context.Context, repository *reggie.Repository) error {
	layer, err := repository.PushBlobBytes(ctx, bytes.Repeat([]byte("note\n"), 1000), "")
	if err != nil {
		return err
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
		return err
	}
	manifest, err := reggie.ParseManifest(content, "")
	if err != nil {
		return err
	}
	return repository.PushManifest(ctx, manifest, []string{repository.Target()})
}

func pull(ctx context.Context, repository *reggie.Repository) error {
	manifest, err := repository.ResolveManifest(ctx, "", "")
	if err != nil {
		return err
	}
	show := reggie.WithProgress(0, func(p reggie.Progress) error {
		fmt.Printf("%s: %d of %d bytes\n", p.Name, p.Done, p.Total)
		return nil
	})
	for _, layer := range manifest.Layers() {
		var content bytes.Buffer
		if err := repository.PullBlob(ctx, layer, &content, show); err != nil {
			return err
		}
		fmt.Println("pulled:", content.Len())
	}
	return nil
}
