package cabi

// #include "shim.h"
import "C"

import "runtime"

// A Client is shared by any number of goroutines. It is freed when nothing
// refers to it any more.
type Client struct {
	id C.uintptr_t
	// As in its Config.
	functions []any
}

// NewClient makes a client of the registry at an address.
func NewClient(address string, config *Config) (*Client, error) {
	var t texts
	var id, failure C.uintptr_t
	status := C.cabi_client_new(t.c(address), config.id, &id, &failure)
	return newClient(config, &t, status, id, failure)
}

// Derive makes a client with other settings that shares connections and tokens
// as far as these allow it.
func (c *Client) Derive(config *Config) (*Client, error) {
	var t texts
	var id, failure C.uintptr_t
	status := C.cabi_client_derive(c.id, config.id, &id, &failure)
	runtime.KeepAlive(c)
	return newClient(config, &t, status, id, failure)
}

func newClient(config *Config, t *texts, status C.reggie_status, id, failure C.uintptr_t) (*Client, error) {
	runtime.KeepAlive(config)
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	made(id)
	client := &Client{id: id, functions: config.functions}
	runtime.AddCleanup(client, func(id C.uintptr_t) {
		C.cabi_client_free(id)
		freed()
	}, id)
	return client, t.status(C.REGGIE_OK)
}
