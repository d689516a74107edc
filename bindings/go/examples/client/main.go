// Create a client with options.
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
		reggie.WithDefaultName("myorg/myrepo"),
		reggie.WithInsecureSkipTLSVerify(true),
		reggie.WithUserAgent("my-agent"),
		reggie.WithDebug(true))
	if err != nil {
		log.Fatal(err)
	}
	resp, err := client.Do(client.NewRequest(reggie.GET, "/v2/"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("status:", resp.StatusCode())
}
