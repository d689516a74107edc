//! The framing of a request body.

use crate::error::{Error, Kind};
use crate::http::header::number;
use crate::http::headers::Headers;
use crate::transport::Framing;

/// Adds a Content-Length, or checks the one that the caller set.
pub(super) fn frame(
    method: &str,
    is_set: bool,
    length: Option<u64>,
    headers: &mut Headers,
) -> Result<Framing, Error> {
    let mut stated = None;
    for value in headers.all("content-length") {
        let number = std::str::from_utf8(value).ok().and_then(number);
        let Some(number) = number.filter(|_| stated.is_none()) else {
            let message = "content-length: not one number";
            return Err(Error::new(Kind::LengthMismatch, message));
        };
        stated = Some(number);
    }
    let Some(length) = length else {
        if stated.is_some() {
            let message = "content-length: set, but the body's length was left open";
            return Err(Error::new(Kind::LengthMismatch, message));
        }
        return Ok(Framing::Chunked);
    };
    match stated {
        Some(stated) if stated != length => {
            let message = format!("content-length: {stated} was set, the body has {length} bytes");
            return Err(Error::new(Kind::LengthMismatch, message));
        }
        Some(_) => return Ok(Framing::Length(length)),
        None => {}
    }
    if is_set || matches!(method, "POST" | "PUT" | "PATCH") {
        headers.add("Content-Length", length.to_string().as_bytes());
        return Ok(Framing::Length(length));
    }
    Ok(Framing::None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_stated_once_and_true() {
        let case = |method, is_set, length, stated: &[&str]| {
            let mut headers = Headers::default();
            for value in stated {
                headers.add("content-LENGTH", value.as_bytes());
            }
            let framing = frame(method, is_set, length, &mut headers).map_err(|e| e.kind());
            (framing, headers.text("Content-Length").map(str::to_owned))
        };
        let wrong = Err(Kind::LengthMismatch);
        assert_eq!(case("GET", false, Some(0), &[]), (Ok(Framing::None), None));
        for method in ["POST", "PUT", "PATCH"] {
            let expected = (Ok(Framing::Length(0)), Some("0".to_owned()));
            assert_eq!(case(method, false, Some(0), &[]), expected);
        }
        let five = (Ok(Framing::Length(5)), Some("5".to_owned()));
        assert_eq!(case("DELETE", true, Some(5), &[]), five);
        assert_eq!(case("PUT", true, Some(5), &["5"]), five);
        assert_eq!(case("PUT", true, None, &[]), (Ok(Framing::Chunked), None));
        for (length, stated) in [
            (Some(5), &["6"][..]),
            (Some(5), &["5", "5"]),
            (Some(5), &["+5"]),
            (Some(0), &[""]),
            (None, &["5"]),
        ] {
            assert_eq!(case("PUT", true, length, stated).0, wrong, "{stated:?}");
        }
    }
}
