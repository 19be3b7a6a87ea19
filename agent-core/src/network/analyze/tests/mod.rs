//! What is judged of what was seen: a table of scenarios, the rules one by one, and arbitrary input.

mod arbitrary;
mod badssl;
mod benign;
mod canaries;
mod canary_world;
mod dns;
mod fusion;
mod limbo;
mod link;
mod link_path;
mod link_world;
mod portals;
mod rules;
mod scenarios;
mod tls_downgrade;
mod tls_pins;
mod transparency;
mod trust_store;
mod world;

use std::path::PathBuf;

/// Where `path` of the data that other projects share is, if it is here.
fn shared_data(path: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("MTD_SHARED_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let found = shared.join(path);
    if found.exists() {
        return Some(found);
    }
    eprintln!("skipped: {} absent", found.display());
    None
}
