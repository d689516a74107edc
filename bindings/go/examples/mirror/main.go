// Push files as an artifact, with a signature, copy both to an image layout, and pull
// the files from there.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"

	"libreggie/reggie"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	folder, err := os.MkdirTemp("", "mirror")
	if err != nil {
		log.Fatal(err)
	}
	err = run(ctx, os.Args[1]+"/myorg/mirror:v1", folder)
	os.RemoveAll(folder)
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, reference, folder string) error {
	repository, err := reggie.OpenRepository(reference,
		reggie.WithUsernamePassword(os.Getenv("REGISTRY_USER"), os.Getenv("REGISTRY_PASSWORD")))
	if err != nil {
		return err
	}
	if err := push(ctx, repository, folder); err != nil {
		return err
	}
	layout, err := reggie.CreateLayout(filepath.Join(folder, "layout"))
	if err != nil {
		return err
	}
	copied, err := reggie.Copy(ctx, repository, "v1", layout, []string{"v1"},
		reggie.WithReferrers(true))
	if err != nil {
		return err
	}
	fmt.Println("copied:", copied.Digest)
	for referrer, err := range layout.Referrers(ctx, copied.Digest, "") {
		if err != nil {
			return err
		}
		fmt.Println("with:", referrer.ArtifactType)
	}
	return pull(ctx, layout, filepath.Join(folder, "files"))
}

func push(ctx context.Context, repository *reggie.Repository, folder string) error {
	path := filepath.Join(folder, "note.txt")
	if err := os.WriteFile(path, []byte("Hello!\n"), 0o600); err != nil {
		return err
	}
	artifact := reggie.NewBuilder()
	artifact.SetArtifactType("application/vnd.example.note")
	artifact.AddFile(path, "text/plain", "")
	pushed, err := artifact.Push(ctx, repository, []string{"v1"})
	if err != nil {
		return err
	}
	signature := reggie.NewBuilder()
	signature.SetArtifactType("application/vnd.example.signature")
	signature.SetSubject(pushed.Descriptor())
	signature.AddBytes([]byte("signed"), "", "")
	_, err = signature.Push(ctx, repository, nil)
	return err
}

func pull(ctx context.Context, layout *reggie.Repository, folder string) error {
	if _, err := layout.PullFiles(ctx, "v1", folder); err != nil {
		return err
	}
	content, err := os.ReadFile(filepath.Join(folder, "note.txt"))
	fmt.Printf("pulled: %s", content)
	return err
}
