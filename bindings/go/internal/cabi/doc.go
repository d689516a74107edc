// Package cabi is libreggie's C interface for Go: the only package that knows
// C. Its types own handles; what it gives is memory of Go's. It has no policy of
// its own: what a setting means stands in reggie.h.
//
// # Threads and callbacks
//
// A goroutine that is in C holds a thread. [Enter] bounds how many do. [Call]
// keeps functions of the program out of C: they run on the goroutine that began
// the call, while C waits on another one. So a panic of theirs, and a
// runtime.Goexit, end that goroutine after C has returned. C knows them by
// numbers alone, so that what they refer to can be freed.
package cabi
