//! Whether clients keep cookies, as C sees it.

use std::ffi::c_int;

use super::config::reggie_config;
use super::status::reggie_status;
use super::{convert, guard};

/// Keeps the cookies that servers set (RFC 6265) if `keep` is not 0, and sends
/// them back; for registries behind a balancer that tells sessions apart by
/// them. Unless set, 0.
///
/// They are kept in memory, for one client. A cookie goes back to the origin
/// that set it, scheme, host and port, and to no other, whatever its Domain
/// says. What a request sets in a Cookie header of its own goes before them.
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_cookies(
    config: Option<&mut reggie_config>,
    keep: c_int,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        config.core_mut().set_cookies(keep != 0);
        Ok(())
    })
}
