//! TLS: which servers a client trusts, and the certificates it presents.

mod algorithms;
mod basics;
mod certificate_callback;
mod client_certificates;
mod clock;
mod records;
mod trust;
