// Command peers sends a GET request to each URL in its arguments and prints what
// net/http made of the response: "ok STATUS BODY FIELD" with body and the X-F
// field quoted, or "error".
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

func main() {
	client := http.Client{
		Timeout:   20 * time.Second,
		Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
	for _, url := range os.Args[1:] {
		fmt.Println(get(&client, url))
	}
}

func get(client *http.Client, url string) string {
	response, err := client.Get(url)
	if err != nil {
		return "error"
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "error"
	}
	return fmt.Sprintf("ok %d %x %x", response.StatusCode, body, response.Header.Get("X-F"))
}
