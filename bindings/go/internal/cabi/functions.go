package cabi

// #include "shim.h"
import "C"

import "sync/atomic"

// A functionSet holds the functions of the program that a client calls. C refers to
// them by number, so that a function that refers to its client does not keep it
// alive.
type functionSet struct {
	// number distinguishes the sets of a process.
	number uintptr
	list   []any
}

// setBits is how many bits of a function's number are its index in its set.
const setBits = 8

var functionSets atomic.Uintptr

func newFunctionSet() *functionSet {
	return &functionSet{number: functionSets.Add(1)}
}

// register stores a function and returns its number.
func (s *functionSet) register(function any) C.uintptr_t {
	s.list = append(s.list, function)
	if len(s.list) > 1<<setBits {
		panic("too many functions of a client")
	}
	return C.uintptr_t(s.number<<setBits | uintptr(len(s.list)-1))
}

// use makes the functions of a client known to the call; nil is ignored.
func (c *Call) use(functions *functionSet) {
	if functions == nil {
		return
	}
	for _, known := range c.functions {
		if known == functions {
			return
		}
	}
	c.functions = append(c.functions, functions)
}

// function returns the function with a number.
func (c *Call) function(number C.uintptr_t) any {
	set, index := uintptr(number)>>setBits, int(number&(1<<setBits-1))
	for _, functions := range c.functions {
		if functions.number == set {
			return functions.list[index]
		}
	}
	panic("a function of a client that the call does not use")
}
