//! A manifest keeps its bytes; its descriptors are valid; platforms are found
//! again; messages are one line of limited length.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reggie::content::descriptor::Descriptor;
use reggie::content::json::Json;
use reggie::content::manifest::Manifest;
use reggie::content::platform::Platform;
use reggie::digest::{Algorithm, of_bytes};
use reggie::fuzzing::referrers;

fn check(descriptor: &Descriptor) {
    let digest = descriptor.digest().as_str();
    assert!(
        digest
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'/')
    );
    assert!(digest.contains(':'));
    for (name, value) in (0..).map_while(|index| descriptor.annotations().at(index)) {
        assert!(!name.contains('\0') && !value.contains('\0'));
    }
    if let Some(data) = descriptor.data() {
        assert_eq!(Some(data.len() as u64), descriptor.size());
    }
}

fuzz_target!(|input: (Option<&str>, &str, &[u8])| {
    let (media_type, platform, bytes) = input;
    if let Ok(json) = Json::parse(bytes) {
        referrers(&json).iter().flatten().for_each(check);
    }
    let manifest = match Manifest::parse(bytes.to_owned(), media_type, Algorithm::Sha256) {
        Ok(manifest) => manifest,
        Err(error) => {
            let message = error.to_string();
            assert!(!message.contains(char::is_control), "{message:?}");
            assert!(message.len() < 4096);
            return;
        }
    };
    assert_eq!(manifest.bytes(), bytes);
    let digest = manifest.descriptor().digest().as_str();
    assert_eq!(digest, of_bytes(Algorithm::Sha256, bytes));
    assert!(manifest.layers().is_empty() || manifest.entries().is_empty());
    manifest
        .config()
        .into_iter()
        .chain(manifest.subject())
        .for_each(check);
    manifest
        .layers()
        .iter()
        .chain(manifest.entries())
        .for_each(check);
    let platforms = manifest.platforms();
    let wanted = platforms.iter().map(String::as_str).chain([platform]);
    for platform in wanted.filter_map(|text| Platform::parse(text).ok()) {
        if let Some(index) = manifest.select(&platform) {
            assert!(index < manifest.entries().len());
        }
    }
});
