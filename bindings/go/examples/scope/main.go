// Request a token with a scope other than that of the registry's challenge.
package main

import (
	"fmt"
	"log"
	"os"

	"libreggie/reggie"
)

func main() {
	client, err := reggie.NewClient(os.Args[1],
		reggie.WithUsernamePassword(os.Getenv("REGISTRY_USER"), os.Getenv("REGISTRY_PASSWORD")),
		reggie.WithAuthScope("repository:myorg/myrepo:pull,push"))
	if err != nil {
		log.Fatal(err)
	}
	resp, err := client.Do(client.NewRequest(reggie.POST, "/v2/<name>/blobs/uploads/",
		reggie.WithName("myorg/myrepo")))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("status:", resp.StatusCode())
}
