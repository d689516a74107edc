package cabi

// #include "shim.h"
import "C"

import "runtime"

// A Client is safe for concurrent use. It is freed when it becomes unreachable.
type Client struct {
	id C.uintptr_t
	// functions is that of its Config.
	functions *functionSet
}

// NewClient creates a client for the registry at an address.
func NewClient(address string, config *Config) (*Client, error) {
	var s cStrings
	var id, failure C.uintptr_t
	status := C.cabi_client_new(s.c(address), config.id, &id, &failure)
	return newClient(config, &s, status, id, failure)
}

// Derive creates a client with other settings that shares connections and
// tokens with c as far as the settings allow.
func (c *Client) Derive(config *Config) (*Client, error) {
	var s cStrings
	var id, failure C.uintptr_t
	status := C.cabi_client_derive(c.id, config.id, &id, &failure)
	runtime.KeepAlive(c)
	return newClient(config, &s, status, id, failure)
}

func newClient(config *Config, s *cStrings, status C.reggie_status, id, failure C.uintptr_t) (*Client, error) {
	runtime.KeepAlive(config)
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	created(id)
	client := &Client{id: id, functions: config.functions}
	runtime.AddCleanup(client, func(id C.uintptr_t) {
		C.cabi_client_free(id)
		freed()
	}, id)
	return client, s.status(C.REGGIE_OK)
}
