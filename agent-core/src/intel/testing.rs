//! Bundles for tests.

use std::path::Path;

use ring::signature::{Ed25519KeyPair, KeyPair as _};

use super::bundle::{Attribution, Contents, encode};
use super::value::{Value, ValueKind};
use crate::model::{BundleKey, ThreatCategory, Timestamp};

/// Whoever signs the bundles of a test.
pub fn signer() -> (Ed25519KeyPair, BundleKey) {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let public = pair.public_key().as_ref().try_into().unwrap();
    (pair, BundleKey::from_bytes(public))
}

/// What a feed says.
pub fn attribution(category: ThreatCategory, confidence: Option<u8>) -> Attribution {
    Attribution {
        category,
        family: "Sample".into(),
        source: "a-feed".into(),
        severity: category.severity(),
        confidence,
        reference: Some("https://reports.example.org/sample".into()),
        valid_from: None,
        valid_until: None,
        only_itself: false,
    }
}

/// A public suffix list.
pub const SUFFIXES: &str = "// ===BEGIN ICANN DOMAINS===\ncom\nnet\ntest\nkr\nco.kr\nuk\nco.uk\n";

/// Contents of `(kind, value, attribution)`, and [`SUFFIXES`].
pub fn contents(entries: &[(ValueKind, &str, Attribution)]) -> Contents {
    let mut contents = Contents { suffixes: SUFFIXES.into(), ..Contents::default() };
    for (row, (kind, text, attribution)) in entries.iter().enumerate() {
        let value = Value::parse(*kind, text).unwrap_or_else(|why| panic!("{text}: {why}"));
        contents.values.insert((value, u16::try_from(row).unwrap()));
        contents.attributions.push(attribution.clone());
    }
    contents
}

/// Writes `contents`, signed by [`signer`].
pub fn write(path: &Path, contents: &Contents, version: u64) {
    let built_at = Timestamp::from_unix(1_790_000_000);
    std::fs::write(path, encode(contents, version, built_at, &signer().0).unwrap()).unwrap();
}
