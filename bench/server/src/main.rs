//! The server of the benchmark: the embedded registry over http and https,
//! with one small blob, one large one, and a path that takes anything.
//!
//! Prints the available URLs, one `name value` per line, and serves until its
//! standard input is closed.

use embedded_registry::{Fault, Options, Registry, Rule};
use std::io::{self, Read, Write};

const SMALL: usize = 1500;
const LARGE: u64 = 1 << 30;
const NAME: &str = "bench";

fn main() -> io::Result<()> {
    let mut out = io::stdout();
    let mut registries = Vec::new();
    for (scheme, options) in [
        ("http", Options::default()),
        ("https", Options::default().tls()),
    ] {
        let registry = Registry::try_start(options)?;
        let url = registry.url();
        let small = registry.put_blob(NAME, vec![b'x'; SMALL]);
        let large = registry.put_synthetic_blob(NAME, LARGE, 1);
        // Reads and discards the body: a real push would also measure the
        // server's digest.
        let sink = Rule::new(Fault::status(201)).method("PUT");
        registry.add_rule(sink.path("/sink"));
        // The same for a push: its digest is the client's work alone.
        let upload = Fault::status(202).set_header("Location", "/sink");
        registry.add_rule(Rule::new(upload).method("POST").path("/blobs/uploads/"));
        writeln!(out, "{scheme}-small {url}/v2/{NAME}/blobs/{small}")?;
        writeln!(out, "{scheme}-large {url}/v2/{NAME}/blobs/{large}")?;
        writeln!(out, "{scheme}-sink {url}/sink")?;
        writeln!(out, "{scheme}-repository {url}/v2/{NAME}")?;
        if let Some(path) = registry.ca_path() {
            writeln!(out, "ca {}", path.display())?;
        }
        registries.push(registry);
    }
    writeln!(out, "ready yes")?;
    out.flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
