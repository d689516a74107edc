//! Pushes through connections that break: each one ends with the right blob.

use std::net::SocketAddr;

use embedded_registry::{Options as RegistryOptions, Registry};
use reggie::content::options::Options;
use reggie::content::push;
use reggie::content::push::Source;
use reggie::{Client, Kind};
use support::cutter::{Cut, Cutter};
use support::registries::{DockerForm, DockerRegistry, Olareg, OlaregForm};

use super::pushing::*;

const SIZE: usize = 4 * SMALL + 1000;

/// What a push that is cut sends again at most, besides heads.
#[derive(Clone, Copy)]
enum Resend {
    /// What was under way.
    Chunk,
    /// All of it: the registry cannot resume.
    All,
}

/// Whether the registry has the blob.
fn has_blob(url: &str, bytes: &[u8]) -> bool {
    let client = Client::new(url, &config()).expect("a client");
    let path = format!("/v2/team/app/blobs/{}", digest(bytes));
    let mut get = client.request("GET", &path).expect("a request");
    get.set_header("Accept-Encoding", b"identity")
        .expect("a header");
    let response = client.execute(&mut get).expect("a response");
    response.status() == 200 && response.body() == bytes
}

/// Pushes with a cut at each of many places.
fn cut_everywhere(target: SocketAddr, url: &str, places: usize, resend: Resend) {
    let cutter = Cutter::start(target);
    let folder = support::temp::folder();
    let path = folder.path().join("blob");
    let step = (SIZE + 3000) / places;
    let mut number = 0_u32;
    for place in 0..places {
        for (way, options) in [
            ("whole", Options::default()),
            ("chunks", small_chunks()),
            ("state", with_state(folder.path())),
            ("stream", small_chunks()),
        ] {
            // Each blob is another.
            number += 1;
            let mut bytes = content(SIZE);
            bytes[..4].copy_from_slice(&number.to_ne_bytes());
            std::fs::write(&path, &bytes).expect("written");
            let cuts = match number % 5 {
                0 => vec![Cut::Down((place * 50) as u64 + 1)],
                1 => vec![Cut::Up((place * step) as u64 + 1); 2],
                _ => vec![Cut::Up((place * step) as u64 + 1)],
            };
            cutter.set_cuts(cuts.clone());
            let source = match way {
                "stream" => Callback::source(&bytes, None, false),
                _ => Source::Path(path.clone()),
            };
            let (options, seen) = observed(options);
            // A new client: one for all would run out of retries.
            let repository = repository(&cutter.url());
            let pushed = push::push(&repository, source, None, &options);
            match (pushed, resend) {
                (Ok(_), _) => {
                    assert!(has_blob(url, &bytes), "{way} {cuts:?}");
                    assert_complete(&seen, SIZE as u64);
                    let sent = cutter.sent();
                    let more = match resend {
                        Resend::Chunk if way != "whole" => SMALL * cuts.len(),
                        _ => SIZE * cuts.len(),
                    };
                    let heads = 40_000;
                    assert!(
                        sent <= (SIZE + more + heads) as u64,
                        "{way} {cuts:?}: {sent}"
                    );
                }
                // Part of a stream is lost together with an upload.
                (Err(error), Resend::All) if way == "stream" => {
                    assert_eq!(error.kind(), Kind::UploadLost, "{error}");
                }
                (Err(error), _) => panic!("{way} {cuts:?}: {error}"),
            }
        }
    }
    let left = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 1, "state files");
}

fn address(url: &str) -> SocketAddr {
    let address = url.strip_prefix("http://").expect("plain http");
    address.trim_end_matches('/').parse().expect("an address")
}

#[test]
fn cut_pushes_are_completed() {
    let registry = Registry::start(RegistryOptions::default());
    let target = address(registry.url());
    cut_everywhere(target, registry.url(), 20, Resend::Chunk);
}

#[test]
fn cut_pushes_to_docker_registry_are_completed() {
    let Some(registry) = DockerRegistry::start(DockerForm::Open) else {
        return;
    };
    let url = registry.url();
    cut_everywhere(address(&url), &url, 5, Resend::All);
}

#[test]
fn cut_pushes_to_olareg_are_completed() {
    let Some(registry) = Olareg::start(OlaregForm::Open) else {
        return;
    };
    let url = registry.url();
    cut_everywhere(address(&url), &url, 5, Resend::All);
}
