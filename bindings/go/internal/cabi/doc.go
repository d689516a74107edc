// Package cabi wraps the C interface of libreggie. It is the only package that
// uses cgo. Its types own C handles, and everything it returns is Go memory. It
// adds no policy: reggie.h documents the settings.
//
// # Threads and callbacks
//
// A goroutine that calls C occupies a thread; [Enter] limits their number. A
// [Call] never runs the program's functions on a goroutine that is inside C:
// they run on the goroutine that began the call, while C waits on another one.
// A panic or runtime.Goexit in such a function therefore ends that goroutine
// after C has returned. C refers to functions by number, so it keeps none of
// them alive.
package cabi
