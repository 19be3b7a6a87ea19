//! A chain of certificates that claims to attest an Android key, read and judged.

#![no_main]

use desktop_harness::attestation::android::{AndroidRules, Expected, Roots, Trust, read_statement, verify};
use mtd_fuzz::{NOW, certificates, device};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let chain: Vec<_> = certificates(bytes).into_iter().map(|it| it.as_der().to_vec()).collect();
    let statement = read_statement(&chain);
    let (roots, rules, key) = (Roots::google(), AndroidRules::default(), device());
    let challenge = statement.as_ref().map(|it| it.attestation_challenge.0.clone()).unwrap_or_default();
    let trust = Trust { roots: &roots, revoked: None, now: NOW };
    let expected = Expected { challenge: &challenge, key: &key, rules: &rules };
    // Nobody finds the maker's signature by trial.
    assert!(verify(&chain, trust, &expected).is_err());
});
