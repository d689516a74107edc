// Print the errors that a registry reports.
package main

import (
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
	resp, err := client.Do(client.NewRequest(reggie.GET, "/v2/<name>/manifests/<reference>",
		reggie.WithName("myorg/nothing"),
		reggie.WithReference("none")))
	if err != nil {
		log.Fatal(err)
	}
	list, err := resp.Errors()
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range list {
		fmt.Println("code:", e.Code)
		fmt.Println("message:", e.Message)
		fmt.Println("detail:", e.Detail)
	}
}
