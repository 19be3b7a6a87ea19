mod feeds;
mod given;
mod meanings;
mod patterns;

use std::path::Path;

use agent_core::intel::bundle::{Bundle, BundleKey, Contents, encode};
use agent_core::model::{ThreatCategory, Timestamp};
use publicsuffix::List;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use super::{Input, Options, SourceReport, compile};

const NOW: Timestamp = Timestamp::from_unix(1_790_000_000);

fn options(suffixes: Option<List>) -> Options {
    Options { now: NOW, category: ThreatCategory::Malware, suffixes }
}

fn input(file: &str, content: impl Into<Vec<u8>>) -> Input {
    let (name, extension) = file.rsplit_once('.').unwrap_or((file, ""));
    Input { name: name.into(), extension: extension.into(), content: content.into() }
}

fn compiled(file: &str, content: impl Into<Vec<u8>>) -> (Contents, SourceReport) {
    let (contents, mut reports) = compile(options(None), [Ok(input(file, content))].into_iter()).unwrap();
    (contents, reports.remove(0))
}

fn error(file: &str, content: impl Into<Vec<u8>>) -> String {
    compile(options(None), [Ok(input(file, content))].into_iter()).unwrap_err()
}

/// Places and reasons.
fn rejects(report: &SourceReport) -> Vec<(&str, &str)> {
    report.rejects.iter().map(|reject| (reject.place.as_str(), reject.why.as_str())).collect()
}

fn bundle(contents: &Contents, folder: &Path) -> Bundle {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[5; 32]).unwrap();
    let key = BundleKey::from_bytes(pair.public_key().as_ref().try_into().unwrap());
    let path = folder.join("b.mtdi");
    std::fs::write(&path, encode(contents, 1, NOW, &pair).unwrap()).unwrap();
    Bundle::open(&path, &key).unwrap()
}
