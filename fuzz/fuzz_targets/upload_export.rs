//! The export of an upload, which a program may have stored anywhere, is the same
//! after it is read and written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reggie::fuzzing::upload_export;

fuzz_target!(|fields: &str| {
    if let Some([first, second]) = upload_export(fields) {
        assert_eq!(first, second);
    }
});
