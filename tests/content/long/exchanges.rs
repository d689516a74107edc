//! skopeo, crane, oras and regctl copy what was copied here, and the other way round,
//! between registries and layouts of each.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use reggie::content::repository::Repository;
use support::registries::OlaregForm;
use support::{c, programs};
use tempfile::TempDir;

use super::places::Place;
use super::program;
use crate::artifacts::{Artifacts, other};
use crate::copying::{copy_tag, options, with_referrers};

/// Where another program copies from or to.
enum Spot {
    /// The address of a repository.
    Registry(String),
    Layout(PathBuf),
}

/// A program that copies.
struct Client {
    path: PathBuf,
    home: TempDir,
    /// Its arguments to be told of a registry without TLS, whose address follows.
    tell: Option<&'static str>,
    /// Its arguments for a copy.
    copy: fn(&Spot, &Spot, &str) -> Vec<String>,
    /// The tags that it cannot copy.
    not: &'static [&'static str],
    has_referrers: bool,
    /// It finds referrers in layouts of other programs. regctl finds them by a tag that
    /// it writes, as of the distribution specification, which layouts do not have.
    has_referrers_of_layouts: bool,
}

impl Client {
    fn run(&self, arguments: &[String]) {
        let home = self.home.path();
        let mut command = Command::new(&self.path);
        command
            .args(arguments)
            .current_dir(home)
            .env("HOME", home)
            .env("DOCKER_CONFIG", home);
        c::run_command(command, Duration::from_secs(300)).expect_success();
    }

    /// Copies what it can copy.
    fn copy(&self, artifacts: &Artifacts, from: &Spot, to: &Spot) {
        for (tag, _) in artifacts.roots.iter().filter(|(tag, _)| self.copies(tag)) {
            self.run(&(self.copy)(from, to, tag));
        }
    }

    fn copies(&self, tag: &str) -> bool {
        !self.not.contains(&tag)
    }

    #[track_caller]
    fn assert_copied(&self, artifacts: &Artifacts, place: &Repository, with_referrers: bool) {
        match with_referrers {
            true => artifacts.assert_in(place),
            false => artifacts.assert_roots_in(place, |tag| self.copies(tag)),
        }
    }
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

fn with_skopeo(from: &Spot, to: &Spot, tag: &str) -> Vec<String> {
    let shown = |spot: &Spot| match spot {
        Spot::Registry(name) => format!("docker://{name}:{tag}"),
        Spot::Layout(path) => format!("oci:{}:{tag}", path.display()),
    };
    let (from, to) = (shown(from), shown(to));
    words(&format!(
        "--insecure-policy copy --all --preserve-digests --src-tls-verify=false --dest-tls-verify=false {from} {to}"
    ))
}

fn with_oras(from: &Spot, to: &Spot, tag: &str) -> Vec<String> {
    let shown = |spot: &Spot, side: &str| match spot {
        Spot::Registry(name) => format!("--{side}-plain-http {name}:{tag}"),
        Spot::Layout(path) => format!("--{side}-oci-layout {}:{tag}", path.display()),
    };
    let (from, to) = (shown(from, "from"), shown(to, "to"));
    words(&format!("copy -r {from} {to}"))
}

fn with_regctl(from: &Spot, to: &Spot, tag: &str) -> Vec<String> {
    let shown = |spot: &Spot| match spot {
        Spot::Registry(name) => format!("{name}:{tag}"),
        Spot::Layout(path) => format!("ocidir://{}:{tag}", path.display()),
    };
    let (from, to) = (shown(from), shown(to));
    words(&format!("image copy --referrers {from} {to}"))
}

/// What it pushes from a layout is all of the layout, and an index if there is more
/// than one manifest.
fn with_crane(from: &Spot, to: &Spot, tag: &str) -> Vec<String> {
    words(&match (from, to) {
        (Spot::Registry(from), Spot::Registry(to)) => {
            format!("copy --insecure {from}:{tag} {to}:{tag}")
        }
        (Spot::Registry(from), Spot::Layout(to)) => {
            let to = to.display();
            format!("pull --insecure --format=oci --annotate-ref {from}:{tag} {to}")
        }
        (Spot::Layout(from), Spot::Registry(to)) => {
            format!("push --insecure {} {to}:{tag}", from.display())
        }
        _ => panic!("not from layout to layout"),
    })
}

/// From a registry of ours to another one, to a layout of the client, and from a layout
/// of ours.
fn exchange(client: &Client) {
    let [Some(ours), Some(theirs)] = [
        Place::olareg(OlaregForm::Open),
        Place::docker_registry(false),
    ] else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let address =
        |place: &Place, name: &str| Spot::Registry(format!("{}/{name}", place.authority()));
    if let Some(tell) = client.tell {
        for place in [&ours, &theirs] {
            client.run(&words(&format!("{tell} {}", place.authority())));
        }
    }
    let source = ours.repository();
    let artifacts = Artifacts::push(&source);
    let name = source.name().expect("a registry").to_owned();
    client.copy(
        &artifacts,
        &address(&ours, &name),
        &address(&theirs, "direct"),
    );
    let there = theirs.repository();
    client.assert_copied(&artifacts, &other(&there, "direct"), client.has_referrers);

    // By a layout of theirs.
    let path = folder.path().join("theirs");
    client.copy(
        &artifacts,
        &address(&ours, &name),
        &Spot::Layout(path.clone()),
    );
    let layout = Repository::open_layout(&path, false).expect("a layout");
    client.assert_copied(&artifacts, &layout, client.has_referrers);
    let copied = other(&there, "by-theirs");
    for (tag, _) in artifacts.roots.iter().filter(|(tag, _)| client.copies(tag)) {
        copy_tag(&layout, &copied, tag, &with_referrers()).expect("copied");
    }
    client.assert_copied(&artifacts, &copied, client.has_referrers);

    // By one of ours.
    for (tag, _) in artifacts.roots.iter().filter(|(tag, _)| client.copies(tag)) {
        let path = folder.path().join(format!("ours-{tag}"));
        let layout = Repository::open_layout(&path, true).expect("a layout");
        let mut options = options();
        options.referrers = client.has_referrers;
        copy_tag(&source, &layout, tag, &options).expect("copied");
        let arguments = (client.copy)(&Spot::Layout(path), &address(&theirs, "by-ours"), tag);
        client.run(&arguments);
    }
    let with_referrers = client.has_referrers && client.has_referrers_of_layouts;
    client.assert_copied(&artifacts, &other(&there, "by-ours"), with_referrers);
}

fn client(path: PathBuf, copy: fn(&Spot, &Spot, &str) -> Vec<String>) -> Client {
    Client {
        path,
        home: support::temp::folder(),
        tell: None,
        copy,
        not: &[],
        has_referrers: true,
        has_referrers_of_layouts: true,
    }
}

#[test]
fn skopeo() {
    let Some(path) = programs::find("skopeo") else {
        let line = "skopeo is not installed: its tests are skipped";
        programs::missing(line, "not in PATH");
        return;
    };
    exchange(&Client {
        has_referrers: false,
        // It expects images in an index.
        not: &["nested"],
        ..client(path, with_skopeo)
    });
}

#[test]
#[ignore = "run by tests/long/run, which builds crane"]
fn crane() {
    exchange(&Client {
        has_referrers: false,
        ..client(program("crane"), with_crane)
    });
}

#[test]
#[ignore = "run by tests/long/run, which builds oras"]
fn oras() {
    exchange(&client(program("oras"), with_oras));
}

#[test]
#[ignore = "run by tests/long/run, which builds regctl"]
fn regctl() {
    exchange(&Client {
        tell: Some("registry set --tls disabled"),
        has_referrers_of_layouts: false,
        ..client(program("regctl"), with_regctl)
    });
}
