//! The network: connections, proxies, addresses, Unix sockets.

mod addresses;
mod connection_limit;
mod connections;
mod proxy;
mod socks;
mod unix_socket;
