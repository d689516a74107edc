//go:build tools

package main

// The other package; main.go is built with either.
import _ "github.com/bloodorangeio/reggie"
