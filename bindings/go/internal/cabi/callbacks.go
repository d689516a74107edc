package cabi

// #include "content.h"
import "C"

import (
	"io"
	"runtime/cgo"
	"unsafe"
)

//export cabiFree
func cabiFree(id C.uintptr_t) {
	deleteGoHandle(cgo.Handle(id))
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

// The data is valid until the function of the program has returned.
//
//export cabiWrite
func cabiWrite(id C.uintptr_t, data unsafe.Pointer, size C.size_t) C.int {
	call := callOf(uintptr(id))
	piece := unsafe.Slice((*byte)(data), int(size))
	return C.int(call.callBack(func() int { return call.Write(piece) }))
}

//export cabiWriteTo
func cabiWriteTo(id, output C.uintptr_t, data unsafe.Pointer, size C.size_t) C.int {
	call := callOf(uintptr(id))
	piece := unsafe.Slice((*byte)(data), int(size))
	return C.int(call.callBack(func() int { return call.WriteTo(int(output), piece) }))
}

//export cabiFilter
func cabiFilter(id, parent, item C.uintptr_t, isReferrer C.int, take *C.int) C.int {
	candidate := &Candidate{
		Parent:     copyDescriptor(parent),
		Item:       copyDescriptor(item),
		IsReferrer: isReferrer != 0,
		Take:       *take != 0,
	}
	call := callOf(uintptr(id))
	included := false
	stop := call.callBack(func() (stop int) {
		included, stop = call.Filter(candidate)
		return stop
	})
	*take = cBool(included)
	return C.int(stop)
}

//export cabiLog
func cabiLog(id, owner C.uintptr_t, level C.int, message *C.char) {
	if call := callOf(uintptr(id)); call != nil && call.Log != nil {
		call.Log(call.function(owner), int(level), C.GoString(message))
	}
}

//export cabiChallenge
func cabiChallenge(id, request C.uintptr_t) C.int {
	call := callOf(uintptr(id))
	return C.int(call.callBack(call.Challenged))
}

//export cabiRedirect
func cabiRedirect(id, function, redirect C.uintptr_t, choice *C.int) C.int {
	copied := &Redirect{
		From:    C.GoString(C.cabi_redirect_from(redirect)),
		To:      C.GoString(C.cabi_redirect_to(redirect)),
		Method:  C.GoString(C.cabi_redirect_method(redirect)),
		Status:  int(C.cabi_redirect_status(redirect)),
		Hop:     int(C.cabi_redirect_hop(redirect)),
		Headers: copyHeaders(C.cabi_redirect_headers(redirect)),
	}
	call := callOf(uintptr(id))
	decide := call.function(function).(RedirectFunc)
	follow := false
	stop := call.callBack(func() (stop int) {
		follow, stop = decide(call, copied)
		return stop
	})
	*choice = C.REGGIE_REDIRECT_RETURN
	if follow {
		*choice = C.REGGIE_REDIRECT_FOLLOW
	}
	return C.int(stop)
}

//export cabiCredential
func cabiCredential(id, function C.uintptr_t, registry, repository *C.char, credential C.uintptr_t) C.int {
	call := callOf(uintptr(id))
	find := call.function(function).(CredentialFunc)
	host, name := C.GoString(registry), C.GoString(repository)
	var found Credential
	stop := call.callBack(func() (stop int) {
		found, stop = find(call, host, name)
		return stop
	})
	if stop != 0 || found == (Credential{}) {
		return C.int(stop)
	}
	var s cStrings
	var status C.reggie_status
	switch {
	case found.BearerToken != "":
		status = C.cabi_credential_set_bearer_token(credential, s.c(found.BearerToken))
	case found.IdentityToken != "":
		status = C.cabi_credential_set_identity_token(
			credential, s.c(found.Username), s.c(found.IdentityToken))
	default:
		status = C.cabi_credential_set_password(
			credential, s.c(found.Username), s.c(found.Password))
	}
	if s.status(status) != nil {
		return stopped
	}
	return 0
}

//export cabiRealm
func cabiRealm(id, function C.uintptr_t, registry, realm *C.char, allow *C.int) C.int {
	call := callOf(uintptr(id))
	decide := call.function(function).(RealmFunc)
	host, server := C.GoString(registry), C.GoString(realm)
	allowed := false
	stop := call.callBack(func() (stop int) {
		allowed, stop = decide(call, host, server)
		return stop
	})
	*allow = cBool(allowed)
	return C.int(stop)
}

//export cabiCertificate
func cabiCertificate(
	id, function C.uintptr_t, host *C.char,
	certificates **C.uint8_t, sizes *C.size_t, count C.size_t, refusal *C.char,
) C.int {
	call := callOf(uintptr(id))
	decide := call.function(function).(CertificateFunc)
	starts, lengths := unsafe.Slice(certificates, count), unsafe.Slice(sizes, count)
	chain := make([][]byte, count)
	for i := range chain {
		chain[i] = C.GoBytes(unsafe.Pointer(starts[i]), C.int(lengths[i]))
	}
	name, reason := C.GoString(host), C.GoString(refusal)
	return C.int(call.callBack(func() int { return decide(call, name, chain, reason) }))
}

//export cabiWarning
func cabiWarning(id, function C.uintptr_t, host, text *C.char) {
	call := callOf(uintptr(id))
	warn := call.function(function).(WarningFunc)
	name, message := C.GoString(host), C.GoString(text)
	call.callBack(func() int {
		warn(call, name, message)
		return 0
	})
}
