// Upload a blob in two chunks, each to the Location of the previous response, and
// then a manifest that refers to it.
package main

import (
	"crypto/sha256"
	"fmt"
	"log"
	"os"
	"strconv"

	"libreggie/reggie"
)

const manifestType = "application/vnd.oci.image.manifest.v1+json"

func main() {
	client, err := reggie.NewClient(os.Args[1],
		reggie.WithUsernamePassword(os.Getenv("REGISTRY_USER"), os.Getenv("REGISTRY_PASSWORD")),
		reggie.WithDefaultName("myorg/myrepo"))
	if err != nil {
		log.Fatal(err)
	}
	do := func(req *reggie.Request, status int) *reggie.Response {
		resp, err := client.Do(req)
		if err != nil {
			log.Fatal(err)
		}
		if resp.StatusCode() != status {
			log.Fatalf("%s %s: %s: %s", req.Method, req.URL, resp.Status(), resp)
		}
		return resp
	}

	blob := []byte("{}")
	first, second := blob[:1], blob[1:]
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256(blob))

	resp := do(client.NewRequest(reggie.POST, "/v2/<name>/blobs/uploads/"), 202)
	fmt.Println("absolute:", resp.GetAbsoluteLocation())

	resp = do(client.NewRequest(reggie.PATCH, resp.GetRelativeLocation()).
		SetHeader("Content-Type", "application/octet-stream").
		SetHeader("Content-Length", strconv.Itoa(len(first))).
		SetHeader("Content-Range", "0-0").
		SetBody(first), 202)

	do(client.NewRequest(reggie.PUT, resp.GetRelativeLocation()).
		SetHeader("Content-Length", strconv.Itoa(len(second))).
		SetHeader("Content-Range", "1-1").
		SetHeader("Content-Type", "application/octet-stream").
		SetQueryParam("digest", digest).
		SetBody(second), 201)

	resp = do(client.NewRequest(reggie.GET, "/v2/<name>/blobs/<digest>",
		reggie.WithDigest(digest)), 200)
	fmt.Println("blob:", resp.String())

	manifest := fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"config":{"digest":%q,`+
		`"mediaType":"application/vnd.oci.image.config.v1+json","size":%d},"layers":[]}`,
		manifestType, digest, len(blob))
	do(client.NewRequest(reggie.PUT, "/v2/<name>/manifests/<reference>",
		reggie.WithReference("mytag")).
		SetHeader("Content-Type", manifestType).
		SetBody([]byte(manifest)), 201)

	resp = do(client.NewRequest(reggie.GET, "/v2/<name>/manifests/<reference>",
		reggie.WithReference("mytag")).
		SetHeader("Accept", manifestType), 200)
	fmt.Println("manifest:", resp.String() == manifest)
}
