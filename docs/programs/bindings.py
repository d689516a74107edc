"""Prints the tags of a repository: bindings.py CDEF URL REPOSITORY

CDEF is the file reggie.cdef.h, which is installed beside reggie.h.
"""

import sys

import cffi

ffi = cffi.FFI()
with open(sys.argv[1]) as file:
    ffi.cdef(file.read())
lib = ffi.dlopen("libreggie.so.0")


class Failure(Exception):
    """A call failed."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def check(status, error=None):
    """Raises a Failure unless the status is REGGIE_OK, and frees the error."""
    if status == lib.REGGIE_OK:
        return
    if error is None or error[0] == ffi.NULL:  # setters return only a status
        text = lib.reggie_status_string(status)
    else:
        text = lib.reggie_error_message(error[0])
    message = ffi.string(text).decode()
    if error is not None:
        lib.reggie_error_free(error[0])
    raise Failure(status, message)


def create(type_name, function, free, *arguments):
    """Calls a function that creates a handle, which Python then frees."""
    handle = ffi.new(type_name + " **")
    error = ffi.new("reggie_error **")
    check(function(*arguments, handle, error), error)
    return ffi.gc(handle[0], free)


def tags(url, repository):
    """Returns the list of tags as JSON."""
    client = create(
        "reggie_client", lib.reggie_client_new, lib.reggie_client_free,
        url.encode(), ffi.NULL,
    )
    request = create(
        "reggie_request", lib.reggie_request_new, lib.reggie_request_free,
        client, b"GET", b"/v2/<name>/tags/list",
    )
    check(lib.reggie_request_set_name(request, repository.encode()))
    response = create(  # cffi releases the interpreter lock during the call
        "reggie_response", lib.reggie_client_do, lib.reggie_response_free,
        client, request,
    )
    error = ffi.new("reggie_error **")
    check(lib.reggie_response_check(response, error), error)
    length = lib.reggie_response_body_length(response)
    return bytes(ffi.buffer(lib.reggie_response_body(response), length))


try:
    print(tags(sys.argv[2], sys.argv[3]).decode())
except Failure as failure:
    sys.exit(f"{failure} (status {failure.status})")
