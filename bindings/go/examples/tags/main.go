// List the tags of a repository.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"

	"libreggie/reggie"
)

func main() {
	client, err := reggie.NewClient(os.Args[1],
		reggie.WithUsernamePassword(os.Getenv("REGISTRY_USER"), os.Getenv("REGISTRY_PASSWORD")))
	if err != nil {
		log.Fatal(err)
	}
	req := client.NewRequest(reggie.GET, "/v2/<name>/tags/list",
		reggie.WithName("myorg/myrepo"))
	resp, err := client.Do(req)
	if err != nil {
		log.Fatal(err)
	}
	var list struct {
		Tags []string `json:"tags"`
	}
	if err := json.Unmarshal(resp.Body(), &list); err != nil {
		log.Fatal(err)
	}
	fmt.Println("status:", resp.StatusCode(), "tags:", list.Tags)
}
