// The benchmark cases with one of the two packages:
//
//	PROGRAM USER:PASSWORD get N URL
//	PROGRAM USER:PASSWORD body URL         a large body to memory
//	PROGRAM USER:PASSWORD raw URL          to a reader
//	PROGRAM USER:PASSWORD bytes URL FILE   a large body from memory
//	PROGRAM USER:PASSWORD reader URL FILE  from a reader
package main

import (
	"io"
	"log"
	"net/url"
	"os"
	"strconv"
	"strings"

	"bench-go/measure"
	"libreggie/reggie"
)

const (
	small = 1500
	large = 1 << 30
)

// plain hides all methods of a reader except Read.
type plain struct{ io.Reader }

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	user, password, _ := strings.Cut(os.Args[1], ":")
	work, arguments := os.Args[2], os.Args[3:]
	times := 1
	if work == "get" {
		n, err := strconv.Atoi(arguments[0])
		check(err)
		times, arguments = n, arguments[1:]
	}
	at, err := url.Parse(arguments[0])
	check(err)
	client, err := reggie.NewClient(at.Scheme+"://"+at.Host, reggie.WithUsernamePassword(user, password))
	check(err)

	method, expected := reggie.GET, large
	var body any
	switch work {
	case "get":
		expected = small
	case "raw":
		client.SetDoNotParseResponse(true)
	case "bytes":
		content, err := os.ReadFile(arguments[1])
		check(err)
		method, expected, body = reggie.PUT, 0, content
	case "reader":
		file, err := os.Open(arguments[1])
		check(err)
		method, expected, body = reggie.PUT, 0, plain{file}
	}
	begun := measure.Begin()
	for range times {
		request := client.NewRequest(method, at.Path)
		if body != nil {
			request.SetBody(body)
		}
		response, err := client.Do(request)
		check(err)
		got := len(response.Body())
		if work == "raw" {
			n, err := io.CopyBuffer(plainWriter{io.Discard}, response.RawBody(), make([]byte, 1<<20))
			check(err)
			response.RawBody().Close()
			got = int(n)
		}
		if !response.IsSuccess() || got != expected {
			log.Fatalf("%s, %d bytes", response.Status(), got)
		}
	}
	begun.End()
}

// plainWriter hides all methods of a writer except Write.
type plainWriter struct{ io.Writer }
