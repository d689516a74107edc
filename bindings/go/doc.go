// Package reggie is a client for OCI registries. It uses libreggie.
//
// # Content
//
// A [Repository] pulls, pushes, lists and deletes blobs and manifests. Each call
// sends as many requests as it needs, recovers from transient failures, and verifies
// what it pulls:
//
//	repository, err := reggie.OpenRepository("ghcr.io/org/app:1.2")
//	...
//	manifest, err := repository.ResolveManifest(ctx, "", "")
//	...
//	for _, layer := range manifest.Layers() {
//		err := repository.PullBlob(ctx, layer, w)
//		...
//	}
//
// # Images and artifacts
//
// [Copy] copies an image or an artifact with everything that it refers to, between
// registries and OCI image layouts, which [OpenLayout] opens as a Repository too. A
// [Builder] builds and pushes manifests with their content, [Repository.PullFiles] pulls
// the files of an artifact, and a [Batch] runs several transfers concurrently:
//
//	layout, err := reggie.CreateLayout("mirror")
//	...
//	_, err = reggie.Copy(ctx, repository, "1.2", layout, []string{"1.2"},
//		reggie.WithReferrers(true))
//
// # Requests
//
// A [Client] sends single requests. It has the API of Blood Orange's Go package of
// the same name. Create a client for the address of a registry, create a request with a method
// and a path as in the OCI Distribution Specification, and send it with
// [Client.Do], which also handles authorization:
//
//	client, err := reggie.NewClient("https://registry.example",
//		reggie.WithUsernamePassword("me", "secret"))
//	...
//	req := client.NewRequest(reggie.GET, "/v2/<name>/tags/list",
//		reggie.WithName("myorg/myrepo"))
//	resp, err := client.Do(req)
//	fmt.Println(resp.StatusCode(), resp.String())
//
// Clients, requests and responses also have the methods of Resty 2.7. The README
// lists them.
//
// # Concurrency
//
// A [Client] is safe for concurrent use, except that its settings and the fields
// of its Config must not be changed during a call. A change takes effect with
// the next call. A [Request] is not safe for concurrent use. A [Repository], a
// [Manifest] and a [Blob] are; an [Upload], a [Builder] and a [Batch] are not. Functions of the program, such as
// retry callbacks and progress functions, run on the goroutine that made the call, so
// a panic in one of them unwinds that goroutine.
//
// # Contexts
//
// A call ends as soon as its context, or that of [Request.SetContext], is done. Its
// error wraps what [context.Cause] returns: [context.Canceled] or
// [context.DeadlineExceeded], unless the program gave a cause of its own.
package reggie
