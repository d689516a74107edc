// Recreate the body in a callback when the request is sent again after a challenge.
package main

import (
	"crypto/sha256"
	"fmt"
	"log"
	"os"
	"strings"

	"libreggie/reggie"
)

func main() {
	client, err := reggie.NewClient(os.Args[1],
		reggie.WithUsernamePassword(os.Getenv("REGISTRY_USER"), os.Getenv("REGISTRY_PASSWORD")),
		reggie.WithDefaultName("myorg/myrepo"))
	if err != nil {
		log.Fatal(err)
	}
	const blob = "sent again"
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(blob)))
	called := 0
	req := client.NewRequest(reggie.POST, "/v2/<name>/blobs/uploads/",
		reggie.WithRetryCallback(func(r *reggie.Request) error {
			called++
			r.SetBody(strings.NewReader(blob))
			return nil
		})).
		SetHeader("Content-Type", "application/octet-stream").
		SetQueryParam("digest", digest).
		SetBody(strings.NewReader(blob))
	resp, err := client.Do(req)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("status:", resp.StatusCode(), "called:", called)
}
