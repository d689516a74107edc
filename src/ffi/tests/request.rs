//! Requests in use, and what becomes of callbacks and their userdata.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::text;
use crate::body::ReadSource;
use crate::error::{Error, Kind};
use crate::ffi::callback::Registration;
use crate::ffi::client::{reggie_client, reggie_client_free, reggie_client_new};
use crate::ffi::config::{reggie_config_free, reggie_config_new};
use crate::ffi::config_observe::{REGGIE_LOG_DEBUG, reggie_config_set_log_callback};
use crate::ffi::error::reggie_error_free;
use crate::ffi::guard;
use crate::ffi::headers::reggie_headers_get;
use crate::ffi::request::{
    reggie_request, reggie_request_free, reggie_request_headers, reggie_request_method,
    reggie_request_new, reggie_request_path, reggie_request_set_header, reggie_request_set_name,
};
use crate::ffi::request_body::{Source, reggie_read_callback, reggie_request_set_body_callback};
use crate::ffi::request_output::{reggie_request_set_output_callback, reggie_write_callback};
use crate::ffi::request_settings::reggie_request_set_challenge_callback;
use crate::ffi::send::reggie_client_do;
use crate::ffi::status::{
    REGGIE_BUSY, REGGIE_INVALID_ARGUMENT, REGGIE_NULL_ARGUMENT, REGGIE_OK, REGGIE_PANIC,
};
use crate::request::Request;

/// A client, to make requests that are not really sent.
fn client() -> Box<reggie_client> {
    let mut client = ptr::null_mut();
    let address = c"http://127.0.0.1:1".as_ptr();
    // SAFETY: all places are on the stack.
    let status = unsafe { reggie_client_new(address, None, &mut client, ptr::null_mut()) };
    assert_eq!(status, REGGIE_OK);
    // SAFETY: the client that was just made.
    unsafe { Box::from_raw(client) }
}

fn request(client: &reggie_client) -> *mut reggie_request {
    let mut request = ptr::null_mut();
    let (method, path) = (c"PUT".as_ptr(), c"/v2/".as_ptr());
    let error = ptr::null_mut();
    // SAFETY: all places are on the stack.
    let status = unsafe { reggie_request_new(Some(client), method, path, &mut request, error) };
    assert_eq!(status, REGGIE_OK);
    request
}

fn shared<'a>(request: *mut reggie_request) -> &'a reggie_request {
    // SAFETY: a request that a test frees at its end.
    unsafe { &*request }
}

/// What stands for the sending of a request in a test.
fn send(
    request: *mut reggie_request,
    work: impl FnOnce(&mut Request) -> Result<(), Error>,
) -> Error {
    let sent = shared(request).send(|core| {
        work(core)?;
        Err(Error::new(Kind::Connect, "not sent"))
    });
    sent.expect_err("nothing is sent")
}

fn challenge(core: &mut Request) -> Result<(), Error> {
    let callback = core.challenge.clone().expect("a challenge callback");
    callback(core)
}

unsafe extern "C-unwind" fn count(userdata: *mut c_void) {
    // SAFETY: each test gives a counter.
    let counter = unsafe { &*userdata.cast::<AtomicUsize>() };
    counter.fetch_add(1, Ordering::Relaxed);
}

fn userdata(counter: &AtomicUsize) -> *mut c_void {
    ptr::from_ref(counter).cast_mut().cast()
}

unsafe extern "C-unwind" fn no_log(_: *mut c_void, _: c_int, _: *const c_char) {}

unsafe extern "C-unwind" fn stop_reading(
    _: *mut c_void,
    _: *mut c_void,
    _: usize,
    _: *mut usize,
) -> c_int {
    -3
}

unsafe extern "C-unwind" fn read_too_much(
    _: *mut c_void,
    _: *mut c_void,
    size: usize,
    got: *mut usize,
) -> c_int {
    // SAFETY: the library's own place.
    unsafe { got.write(size + 1) };
    0
}

unsafe extern "C-unwind" fn no_write(_: *mut c_void, _: *const c_void, _: usize) -> c_int {
    0
}

unsafe extern "C-unwind" fn no_challenge(_: *mut c_void, _: *mut reggie_request) -> c_int {
    0
}

#[test]
fn userdata_is_freed_once_whatever_becomes_of_the_registration() {
    let counter = AtomicUsize::new(0);
    let data = userdata(&counter);
    let freed = || counter.swap(0, Ordering::Relaxed);
    let none = ptr::null_mut();
    let client = client();
    let request = request(&client);

    // SAFETY: NULL is checked for, and the rest is of this test.
    let set_challenge = |request| unsafe {
        reggie_request_set_challenge_callback(request, Some(no_challenge), data, Some(count))
    };
    // SAFETY: as above.
    let set_body = |request, read| unsafe {
        reggie_request_set_body_callback(request, read, None, 1, data, Some(count))
    };
    // SAFETY: as above.
    let set_output = |request, write| unsafe {
        reggie_request_set_output_callback(request, write, data, Some(count))
    };
    assert_eq!((set_challenge(none), freed()), (REGGIE_NULL_ARGUMENT, 1));
    let read: reggie_read_callback = Some(stop_reading);
    assert_eq!((set_body(none, read), freed()), (REGGIE_NULL_ARGUMENT, 1));
    assert_eq!(
        (set_body(request, None), freed()),
        (REGGIE_NULL_ARGUMENT, 1)
    );
    let write: reggie_write_callback = Some(no_write);
    assert_eq!(
        (set_output(none, write), freed()),
        (REGGIE_NULL_ARGUMENT, 1)
    );
    assert_eq!(
        (set_output(request, None), freed()),
        (REGGIE_NULL_ARGUMENT, 1)
    );

    assert_eq!((set_challenge(request), freed()), (REGGIE_OK, 0));
    assert_eq!((set_challenge(request), freed()), (REGGIE_OK, 1));
    assert_eq!((set_body(request, read), freed()), (REGGIE_OK, 0));
    assert_eq!((set_output(request, write), freed()), (REGGIE_OK, 0));
    send(request, |_| {
        assert_eq!((set_challenge(request), freed()), (REGGIE_BUSY, 1));
        assert_eq!((set_body(request, read), freed()), (REGGIE_BUSY, 1));
        Ok(())
    });
    assert_eq!(freed(), 0);
    // SAFETY: the request of this test, not used any more.
    unsafe { reggie_request_free(request) };
    assert_eq!(freed(), 3);
    reggie_client_free(Some(client));

    let config = reggie_config_new();
    let level = REGGIE_LOG_DEBUG;
    // SAFETY: as above.
    let set_log = |config, level| unsafe {
        reggie_config_set_log_callback(config, level, Some(no_log), data, Some(count))
    };
    assert_eq!(
        (set_log(ptr::null_mut(), level), freed()),
        (REGGIE_NULL_ARGUMENT, 1)
    );
    assert_eq!((set_log(config, 9), freed()), (REGGIE_INVALID_ARGUMENT, 1));
    assert_eq!((set_log(config, level), freed()), (REGGIE_OK, 0));
    assert_eq!((set_log(config, level), freed()), (REGGIE_OK, 1));
    // SAFETY: as above.
    unsafe { reggie_config_set_log_callback(config, level, None, data, Some(count)) };
    assert_eq!(freed(), 2);
    assert_eq!((set_log(config, level), freed()), (REGGIE_OK, 0));
    // SAFETY: the config of this test, not used any more.
    reggie_config_free(Some(unsafe { Box::from_raw(config) }));
    assert_eq!(freed(), 1);
}

#[test]
fn a_request_in_use_is_busy() {
    let client = client();
    let request = request(&client);
    let error = send(request, |_| {
        // SAFETY: the request of this test.
        let set = unsafe { reggie_request_set_name(request, c"other".as_ptr()) };
        assert_eq!(set, REGGIE_BUSY);
        assert!(reggie_request_method(Some(shared(request))).is_null());
        let mut answer = ptr::null_mut();
        let mut error = ptr::null_mut();
        // SAFETY: all places are on the stack.
        let sent = unsafe { reggie_client_do(Some(&client), request, &mut answer, &mut error) };
        assert_eq!((sent, answer.is_null()), (REGGIE_BUSY, true));
        // SAFETY: the error that was just made.
        reggie_error_free(Some(unsafe { Box::from_raw(error) }));
        // SAFETY: what is forbidden does nothing.
        unsafe { reggie_request_free(request) };
        Ok(())
    });
    assert_eq!(error.kind(), Kind::Connect);
    assert_eq!(text(reggie_request_method(Some(shared(request)))), "PUT");
    // SAFETY: the request of this test, not used any more.
    unsafe { reggie_request_free(request) };
    reggie_client_free(Some(client));
}

fn header(request: *mut reggie_request, name: *const c_char) -> *const c_char {
    // SAFETY: the headers of a request that a test frees at its end.
    let headers = unsafe { reggie_request_headers(Some(shared(request))).as_ref() };
    // SAFETY: a string of a test.
    unsafe { reggie_headers_get(headers, name) }
}

unsafe extern "C-unwind" fn change_and_stop(
    client: *mut c_void,
    request: *mut reggie_request,
) -> c_int {
    let before = text(reggie_request_path(Some(shared(request))));
    assert_eq!(before, "/v2/");
    let (name, value) = (c"X-Try".as_ptr(), c"2".as_ptr());
    // SAFETY: the request that the callback is for.
    let set = unsafe { reggie_request_set_header(request, name, value) };
    assert_eq!(set, REGGIE_OK);
    let header = header(request, name);
    assert_eq!(text(header), "2");
    let mut answer = ptr::null_mut();
    // SAFETY: the client of the test.
    let client = unsafe { &*client.cast::<reggie_client>() };
    // SAFETY: all places are on the stack.
    let sent = unsafe { reggie_client_do(Some(client), request, &mut answer, ptr::null_mut()) };
    assert_eq!(sent, REGGIE_BUSY);
    // SAFETY: what is forbidden does nothing.
    unsafe { reggie_request_free(request) };
    // A registration that replaces itself while it runs.
    // SAFETY: the request that the callback is for.
    unsafe { reggie_request_set_challenge_callback(request, None, ptr::null_mut(), None) };
    42
}

#[test]
fn a_challenge_callback_changes_the_request_that_is_sent() {
    let client = client();
    let request = request(&client);
    let data = ptr::from_ref(&*client).cast_mut().cast();
    // SAFETY: the request of this test.
    unsafe { reggie_request_set_challenge_callback(request, Some(change_and_stop), data, None) };
    let error = send(request, |core| {
        let result = challenge(core);
        assert_eq!(core.headers().get("x-try"), Some(&b"2"[..]));
        assert!(core.challenge.is_none());
        assert!(reggie_request_path(Some(shared(request))).is_null());
        result
    });
    assert_eq!(
        (error.kind(), error.callback_value()),
        (Kind::ChallengeCallback, 42)
    );
    let header = header(request, c"X-Try".as_ptr());
    assert_eq!(text(header), "2");
    // SAFETY: the request of this test, not used any more.
    unsafe { reggie_request_free(request) };
    reggie_client_free(Some(client));
}

unsafe extern "C-unwind" fn panics(_: *mut c_void, _: *mut reggie_request) -> c_int {
    panic!("in a callback");
}

#[test]
fn a_request_survives_a_panic_while_it_is_sent() {
    let client = client();
    let request = request(&client);
    // SAFETY: the request of this test.
    unsafe { reggie_request_set_challenge_callback(request, Some(panics), ptr::null_mut(), None) };
    let status = guard::status(|| Err(send(request, challenge)));
    assert_eq!(status, REGGIE_PANIC);
    assert_eq!(text(reggie_request_method(Some(shared(request)))), "PUT");
    let status = guard::status(|| Err(send(request, |_| panic!("elsewhere"))));
    assert_eq!(status, REGGIE_PANIC);
    assert_eq!(text(reggie_request_method(Some(shared(request)))), "PUT");
    // SAFETY: the request of this test, not used any more.
    unsafe { reggie_request_free(request) };
    reggie_client_free(Some(client));
}

#[test]
fn what_a_read_callback_reports_is_checked() {
    let read = |callback: reggie_read_callback| {
        let registration = Registration::new(ptr::null_mut(), None);
        let mut source = Source::new(callback, None, registration).expect("a callback");
        let error = source.read(&mut [0; 4]).expect_err("a failure");
        let rewound = source.rewind().expect_err("no rewind callback");
        assert_eq!(rewound.kind(), Kind::BodyNotRewindable);
        (error.kind(), error.callback_value())
    };
    assert_eq!(read(Some(stop_reading)), (Kind::ReadCallback, -3));
    assert_eq!(read(Some(read_too_much)), (Kind::CallbackMisuse, 0));
}
