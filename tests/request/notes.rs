//! What tests of callbacks share.

use std::sync::{Arc, Mutex, PoisonError};

use reggie::{Client, Config, Error, Response};
use support::raw_request::RawRequest;
use support::raw_server::RawServer;

/// What callbacks write down, in their order.
pub(crate) struct Notes<T>(Arc<Mutex<Vec<T>>>);

impl<T> Clone for Notes<T> {
    fn clone(&self) -> Notes<T> {
        Notes(Arc::clone(&self.0))
    }
}

impl<T: Clone> Notes<T> {
    pub(crate) fn new() -> Notes<T> {
        Notes(Arc::default())
    }

    pub(crate) fn add(&self, note: T) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(note);
    }

    pub(crate) fn all(&self) -> Vec<T> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

pub(crate) fn client(server: &RawServer, config: &Config) -> Client {
    Client::new(&server.url(), config).expect("a client")
}

pub(crate) fn get(client: &Client, path: &str) -> Result<Response, Error> {
    let mut request = client.request("GET", path).expect("a request");
    client.execute(&mut request)
}

pub(crate) fn header(request: &RawRequest, name: &str) -> Option<String> {
    request.header(name).map(str::to_owned)
}

/// An error, as a callback may return one.
pub(crate) fn any_error() -> Error {
    Config::new().set_user_agent("").expect_err("an error")
}
