package reggie

import (
	"context"

	"libreggie/reggie/internal/cabi"
)

// OpenLayout opens an OCI image layout, a directory, as a repository, and writes nothing.
// A layout that another program began to create is opened as it is: what is missing
// counts as empty. Any other directory is an error: [StatusInvalidLayout].
//
// All methods of Repository work with a layout, except those that need a registry:
// [Repository.LocateBlob], [Repository.MountBlob] and [Repository.Authorization] return
// [StatusUnsupported]. The tags of a layout are the org.opencontainers.image.ref.name
// annotations in its index.json. A manifest stays in index.json when its tag is
// deleted or moves to another manifest.
//
// Several processes and goroutines may write to a layout concurrently.
func OpenLayout(path string) (*Repository, error) { return openLayout(path, false) }

// CreateLayout opens an OCI image layout as [OpenLayout] does. It turns a missing or
// empty directory into a layout, and completes one that another program began to
// create.
func CreateLayout(path string) (*Repository, error) { return openLayout(path, true) }

func openLayout(path string, create bool) (*Repository, error) {
	ctx := context.Background()
	if err := cabi.Enter(ctx); err != nil {
		return nil, newEndedError(err)
	}
	defer cabi.Leave()
	low, err := cabi.OpenLayout(path, create)
	if err != nil {
		return nil, newError(err, nil)
	}
	return &Repository{low: low}, nil
}
