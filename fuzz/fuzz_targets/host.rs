//! All ways to write an address are read alike, with and without a trailing dot,
//! and lead to no private network.
#![no_main]

use std::net::IpAddr;

use libfuzzer_sys::fuzz_target;
use reggie::fuzzing::{addresses, is_permitted};

fuzz_target!(|data: &[u8]| {
    let Ok(host) = std::str::from_utf8(data) else {
        return;
    };
    if let Some((readings, literal)) = addresses(host) {
        assert!(readings.len() <= 2);
        assert!(literal.is_none_or(|address| readings.contains(&address)));
        let is_private = |address: &IpAddr| match address.to_canonical() {
            IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
            IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
        };
        if readings.iter().any(is_private) {
            assert_eq!(is_permitted(host), Some(false));
        }
        if !host.ends_with([']', '.'])
            && !host.contains(':')
            && let Some(other) = addresses(&format!("{host}."))
        {
            assert_eq!(other, (readings, literal));
        }
    }
    // The first bytes as an address, in each spelling.
    let Some(&[a, b, c, d]) = data.first_chunk() else {
        return;
    };
    let number = u32::from_be_bytes([a, b, c, d]);
    let low = u16::from_be_bytes([c, d]);
    let expected = IpAddr::from([a, b, c, d]);
    for text in [
        format!("{a}.{b}.{c}.{d}"),
        format!("{a}.{b}.{low}"),
        format!("{number}"),
        format!("{number:#x}"),
        format!("0{number:o}"),
        format!("{a:#x}.0{b:o}.{c}.{d:#X}").replace("0X", "0x"),
    ] {
        for text in [format!("{text}."), text] {
            let (readings, literal) = addresses(&text).expect("a host");
            assert_eq!(literal, Some(expected), "{text}");
            assert!(readings.contains(&expected), "{text}");
        }
    }
});
