//go:build tools

package main

// The other package: main.go is built with each of them.
import _ "github.com/bloodorangeio/reggie"
