//go:build reggie_static

package cabi

// #cgo pkg-config: reggie-static
import "C"
