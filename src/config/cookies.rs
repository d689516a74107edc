//! Whether clients keep cookies.

use super::Config;

impl Config {
    /// Keep the cookies that servers set, and send them back.
    pub fn set_cookies(&mut self, keep: bool) {
        self.cookies = keep;
    }

    /// Whether cookies are kept.
    pub fn cookies(&self) -> bool {
        self.cookies
    }
}
