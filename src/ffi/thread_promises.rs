//! The manual's promises about threads, checked by the compiler.

use super::{
    blob, cancel, client, config, descriptor, digest, error_handle, errors, headers, json,
    location, manifest, names, options, reference, referrers, repository, request, response,
    upload,
};

const _: fn() = || {
    fn exclusive<T: Send>() {}
    fn shared<T: Send + Sync>() {}
    shared::<blob::reggie_blob>();
    shared::<cancel::reggie_cancel>();
    shared::<client::reggie_client>();
    shared::<config::reggie_config>();
    shared::<descriptor::reggie_descriptor>();
    shared::<error_handle::reggie_error>();
    shared::<errors::reggie_errors>();
    shared::<headers::reggie_headers>();
    shared::<json::reggie_json>();
    shared::<location::reggie_location>();
    shared::<manifest::reggie_manifest>();
    shared::<options::reggie_options>();
    shared::<reference::reggie_reference>();
    shared::<repository::reggie_repository>();
    shared::<request::reggie_request>();
    shared::<response::reggie_response>();
    exclusive::<digest::reggie_digester>();
    exclusive::<names::reggie_names>();
    exclusive::<referrers::reggie_referrers>();
    exclusive::<upload::reggie_upload>();
};
