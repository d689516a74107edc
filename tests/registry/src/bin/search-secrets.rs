//! Searches the logs of a test run for secrets: search-secrets FOLDER.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: search-secrets FOLDER");
        return ExitCode::FAILURE;
    };
    match embedded_registry::secrets::search(Path::new(&folder)) {
        Ok(searched) => {
            println!(
                "none of {} secrets in {} logs of {} bytes ({} more are words)",
                searched.secrets, searched.logs, searched.bytes, searched.words
            );
            ExitCode::SUCCESS
        }
        Err(found) => {
            eprintln!("{found}");
            ExitCode::FAILURE
        }
    }
}
