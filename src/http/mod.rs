//! HTTP messages: URLs, headers, response heads, cookies, redirects and error
//! lists. Does no input or output.

pub(crate) mod charset;
pub(crate) mod cookies;
pub(crate) mod date;
pub(crate) mod header;
pub(crate) mod headers;
pub(crate) mod hooks;
pub(crate) mod json;
pub(crate) mod message;
pub(crate) mod oci_error;
pub(crate) mod redirect;
pub(crate) mod server_message;
pub(crate) mod template;
pub(crate) mod url;
