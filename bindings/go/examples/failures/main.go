// Distinguish kinds of failures.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"libreggie/reggie"
)

func main() {
	client, err := reggie.NewClient(os.Args[1],
		reggie.WithUsernamePassword(os.Getenv("REGISTRY_USER"), os.Getenv("REGISTRY_PASSWORD")))
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req := client.NewRequest(reggie.GET, "/v2/<name>/manifests/<reference>",
		reggie.WithName("myorg/nothing"),
		reggie.WithReference("none"))
	req.SetContext(ctx)
	resp, err := client.Do(req)
	if err == nil {
		// Do returns no error for responses that are not 2xx.
		err = resp.Check()
	}
	var failed *reggie.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		fmt.Println("timed out")
	case errors.Is(err, reggie.StatusConnect):
		fmt.Println("cannot connect")
	case errors.As(err, &failed):
		fmt.Println(failed.Step, failed.Host, failed.HTTPStatus, failed.Code, failed.RetryAfter)
	}
}
