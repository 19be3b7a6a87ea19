//! Writes the seeds of every target into the folder that is given: messages as honest and as odd peers send them.
//!
//! Usage: `cargo run --example seeds -- DIRECTORY`. One folder a target, one file a seed.

mod attestations;
mod certificates;
mod messages;
mod scans;
mod tokens;

use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Name and content.
type Seed = (String, Vec<u8>);

fn main() -> io::Result<()> {
    let Some(directory) = env::args_os().nth(1).map(PathBuf::from) else {
        return Err(io::Error::other("usage: seeds DIRECTORY"));
    };
    let targets: [(&str, Vec<Seed>); 12] = [
        ("dns_message", messages::dns()),
        ("dns_over_https", messages::dns_over_https()),
        ("http_response", messages::http()),
        ("portal_api", messages::portal_api()),
        ("client_hello", messages::client_hello()),
        ("certificate_chain", certificates::chains()),
        ("canary_reply", tokens::canary_replies()),
        ("observations", scans::observations()),
        ("report_token", tokens::reports()),
        ("inventory", inventories()?),
        ("android_attestation", attestations::android()),
        ("apple_attestation", attestations::apple()),
    ];
    for (target, seeds) in targets {
        let folder = directory.join(target);
        fs::create_dir_all(&folder)?;
        for (name, content) in seeds {
            fs::write(folder.join(name), content)?;
        }
    }
    Ok(())
}

/// The fixtures of the readers' own tests.
fn inventories() -> io::Result<Vec<Seed>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../agent-core/tests/fixtures/inventory");
    let mut seeds = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        seeds.push((name, fs::read(&path)?));
    }
    Ok(seeds)
}

fn seed(name: &str, content: impl Into<Vec<u8>>) -> Seed {
    (name.to_owned(), content.into())
}
