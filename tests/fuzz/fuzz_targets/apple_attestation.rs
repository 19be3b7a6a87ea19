//! An object that claims to be App Attest's, read and judged.

#![no_main]

use desktop_harness::attestation::apple::{AppleRules, Expected, Root, Trust, read_statement, verify};
use mtd_fuzz::{NOW, device};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = read_statement(bytes);
    let (root, rules, key) = (Root::apple(), AppleRules::default(), device());
    let expected = Expected { challenge: b"challenge", key: &key, key_id: "", rules: &rules };
    // Nobody finds the maker's signature by trial.
    assert!(verify(bytes, Trust { root: &root, now: NOW }, &expected).is_err());
});
