package cabi

// #include "shim.h"
import "C"

import (
	"io"
	"runtime/cgo"
	"unsafe"
)

//export cabiFree
func cabiFree(id C.uintptr_t) {
	deleteID(cgo.Handle(id))
}

//export cabiRead
func cabiRead(id C.uintptr_t, buffer unsafe.Pointer, size C.size_t, got *C.size_t) C.int {
	reader := cgo.Handle(id).Value().(Reader)
	n, err := reader.Read(unsafe.Slice((*byte)(buffer), int(size)))
	*got = C.size_t(n)
	if err != nil && err != io.EOF {
		return stopped
	}
	return 0
}

//export cabiRewind
func cabiRewind(id C.uintptr_t) C.int {
	if cgo.Handle(id).Value().(Reader).Rewind() != nil {
		return stopped
	}
	return 0
}

//export cabiLog
func cabiLog(id C.uintptr_t, level C.int, message *C.char) {
	if call := callOf(uintptr(id)); call != nil && call.Log != nil {
		call.Log(int(level), C.GoString(message))
	}
}

//export cabiRetry
func cabiRetry(id, request C.uintptr_t) C.int {
	call := callOf(uintptr(id))
	return C.int(call.ask(call.Retry))
}

//export cabiRedirect
func cabiRedirect(id, decide, redirect C.uintptr_t, choice *C.int) C.int {
	headers := C.cabi_redirect_headers(redirect)
	step := &Redirect{
		From:    C.GoString(C.cabi_redirect_from(redirect)),
		To:      C.GoString(C.cabi_redirect_to(redirect)),
		Method:  C.GoString(C.cabi_redirect_method(redirect)),
		Status:  int(C.cabi_redirect_status(redirect)),
		Hop:     int(C.cabi_redirect_hop(redirect)),
		Headers: make([][2]string, C.cabi_headers_count(headers)),
	}
	for i := range step.Headers {
		step.Headers[i][0] = C.GoString(C.cabi_headers_name(headers, C.size_t(i)))
		step.Headers[i][1] = C.GoString(C.cabi_headers_value(headers, C.size_t(i)))
	}
	call := callOf(uintptr(id))
	function := call.functions[decide].(RedirectFunc)
	follow := false
	stop := call.ask(func() (stop int) {
		follow, stop = function(call, step)
		return stop
	})
	*choice = C.REGGIE_REDIRECT_RETURN
	if follow {
		*choice = C.REGGIE_REDIRECT_FOLLOW
	}
	return C.int(stop)
}

//export cabiCredential
func cabiCredential(id, find C.uintptr_t, registry, repository *C.char, credential C.uintptr_t) C.int {
	call := callOf(uintptr(id))
	function := call.functions[find].(CredentialFunc)
	host, name := C.GoString(registry), C.GoString(repository)
	var found Credential
	stop := call.ask(func() (stop int) {
		found, stop = function(call, host, name)
		return stop
	})
	if stop != 0 || found == (Credential{}) {
		return C.int(stop)
	}
	var t texts
	kind, secret := 1, found.Password
	switch {
	case found.BearerToken != "":
		kind, secret = 3, found.BearerToken
	case found.IdentityToken != "":
		kind, secret = 2, found.IdentityToken
	}
	status := C.cabi_credential_set(credential, C.int(kind), t.c(found.Username), t.c(secret))
	if t.status(status) != nil {
		return stopped
	}
	return 0
}

//export cabiRealm
func cabiRealm(id, decide C.uintptr_t, registry, realm *C.char, allow *C.int) C.int {
	call := callOf(uintptr(id))
	function := call.functions[decide].(RealmFunc)
	host, server := C.GoString(registry), C.GoString(realm)
	allowed := false
	stop := call.ask(func() (stop int) {
		allowed, stop = function(call, host, server)
		return stop
	})
	*allow = truth(allowed)
	return C.int(stop)
}

//export cabiCertificate
func cabiCertificate(
	id, decide C.uintptr_t, host *C.char,
	certificates **C.uint8_t, sizes *C.size_t, count C.size_t, refusal *C.char,
) C.int {
	call := callOf(uintptr(id))
	function := call.functions[decide].(CertificateFunc)
	places, lengths := unsafe.Slice(certificates, count), unsafe.Slice(sizes, count)
	chain := make([][]byte, count)
	for i := range chain {
		chain[i] = C.GoBytes(unsafe.Pointer(places[i]), C.int(lengths[i]))
	}
	name, why := C.GoString(host), C.GoString(refusal)
	return C.int(call.ask(func() int { return function(call, name, chain, why) }))
}

//export cabiWarning
func cabiWarning(id, hear C.uintptr_t, host, text *C.char) {
	call := callOf(uintptr(id))
	function := call.functions[hear].(WarningFunc)
	name, words := C.GoString(host), C.GoString(text)
	call.ask(func() int {
		function(call, name, words)
		return 0
	})
}
