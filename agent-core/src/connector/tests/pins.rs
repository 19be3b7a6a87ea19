//! Which certificate chains are a connector's.

use std::time::Duration;

use proptest::prelude::*;
use rcgen::{CertificateParams, IsCa, KeyPair, KeyUsagePurpose, PublicKeyData, date_time_ymd};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, UnixTime};

use super::support::{Ca, NOW};
use crate::connector::Presented;
use crate::connector::pins::{Accepted, ChainRefused, PinnedVerifier};
use crate::connector::route::Trust;
use crate::model::SpkiPin;

fn judge(
    pins: &[SpkiPin],
    leaf: &CertificateDer<'_>,
    rest: &[CertificateDer<'_>],
) -> Result<(), ChainRefused> {
    let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW.unix().unsigned_abs()));
    let name = "localhost".try_into().unwrap();
    PinnedVerifier::new(&Trust::pinned(pins), &default_provider()).judge(leaf, rest, &name, now).map(|_| ())
}

fn invalid(result: Result<(), ChainRefused>) -> String {
    match result {
        Err(ChainRefused::Invalid { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

fn pin(key: &KeyPair) -> SpkiPin {
    SpkiPin::of_spki(&key.subject_public_key_info())
}

#[test]
fn a_private_ca_that_is_presented_and_pinned_is_trusted() {
    let ca = Ca::new(|_| ());
    let (leaf, _) = ca.leaf(|_| ());
    assert_eq!(judge(&[ca.pin], &leaf, std::slice::from_ref(&ca.certificate)), Ok(()));
}

#[test]
fn another_ca_is_refused_with_the_keys_that_were_seen() {
    let (ours, evil) = (Ca::new(|_| ()), Ca::new(|_| ()));
    let (leaf, key) = evil.leaf(|_| ());
    let result = judge(&[ours.pin], &leaf, std::slice::from_ref(&evil.certificate));
    let (seen, presented) = (vec![pin(&key), evil.pin], Presented::NobodyKnown);
    assert_eq!(result, Err(ChainRefused::NoPinnedKey { seen, presented }));
}

#[test]
fn presenting_the_pinned_ca_beside_a_foreign_leaf_helps_nobody() {
    let (ours, evil) = (Ca::new(|_| ()), Ca::new(|_| ()));
    let (leaf, _) = evil.leaf(|_| ());
    assert!(judge(&[ours.pin], &leaf, &[evil.certificate, ours.certificate]).is_err());
}

#[test]
fn a_pinned_leaf_without_a_trusted_issuer_is_not_enough() {
    let ca = Ca::new(|_| ());
    let (leaf, key) = ca.leaf(|_| ());
    let why = invalid(judge(&[pin(&key)], &leaf, &[ca.certificate]));
    assert!(why.contains("its issuer"), "{why}");
}

#[test]
fn a_pinned_certificate_that_is_no_ca_signs_nothing() {
    let no_ca = Ca::new(|params| params.is_ca = IsCa::ExplicitNoCa);
    let (leaf, _) = no_ca.leaf(|_| ());
    invalid(judge(&[no_ca.pin], &leaf, &[no_ca.certificate]));

    let no_signing = Ca::new(|params| params.key_usages = vec![KeyUsagePurpose::DigitalSignature]);
    let key = KeyPair::try_from(no_signing.issuer.key().serialize_der()).unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let able = rcgen::Issuer::new(params, key);
    let leaf_key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&leaf_key, &able).unwrap();
    invalid(judge(&[no_signing.pin], leaf.der(), &[no_signing.certificate]));
}

#[test]
fn validity_is_checked_of_leaf_and_pinned_ca() {
    let ca = Ca::new(|_| ());
    let (expired, _) = ca.leaf(|params| params.not_after = date_time_ymd(2026, 1, 1));
    let why = invalid(judge(&[ca.pin], &expired, std::slice::from_ref(&ca.certificate)));
    assert!(why.starts_with("it has expired"), "{why}");
    let (early, _) = ca.leaf(|params| params.not_before = date_time_ymd(2027, 1, 1));
    let why = invalid(judge(&[ca.pin], &early, &[ca.certificate]));
    assert!(why.starts_with("it is not valid yet"), "{why}");

    let old = Ca::new(|params| params.not_after = date_time_ymd(2026, 1, 1));
    let (leaf, _) = old.leaf(|_| ());
    invalid(judge(&[old.pin], &leaf, &[old.certificate]));
}

#[test]
fn the_name_is_checked_under_a_pinned_ca_too() {
    let ca = Ca::new(|_| ());
    let (leaf, _) = ca.leaf(|params| params.subject_alt_names.clear());
    assert_eq!(invalid(judge(&[ca.pin], &leaf, &[ca.certificate])), "it is for another name");
}

#[test]
fn a_pinned_intermediate_is_an_anchor() {
    let root = Ca::new(|_| ());
    let key = KeyPair::generate().unwrap();
    let intermediate_pin = pin(&key);
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let intermediate = params.signed_by(&key, &root.issuer).unwrap().der().clone();
    let issuer = rcgen::Issuer::new(params, key);
    let leaf_key = KeyPair::generate().unwrap();
    let leaf =
        CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&leaf_key, &issuer).unwrap();
    assert_eq!(judge(&[intermediate_pin], leaf.der(), std::slice::from_ref(&intermediate)), Ok(()));
    assert_eq!(judge(&[root.pin], leaf.der(), &[intermediate, root.certificate]), Ok(()));
}

#[test]
fn a_chain_beyond_all_measure_is_refused() {
    let ca = Ca::new(|_| ());
    let (leaf, _) = ca.leaf(|_| ());
    assert!(invalid(judge(&[ca.pin], &leaf, &vec![ca.certificate; 50])).contains("too many"));
}

#[test]
fn a_pinned_ca_beside_a_foreign_chain_does_not_make_it_look_like_the_connector_s_own_fault() {
    let (ours, evil) = (Ca::new(|_| ()), Ca::new(|_| ()));
    let is_foreign = |ca: &Ca, change: fn(&mut CertificateParams)| {
        let (leaf, _) = ca.leaf(change);
        let presented = [ca.certificate.clone(), ours.certificate.clone()];
        match judge(&[ours.pin], &leaf, &presented) {
            Err(ChainRefused::Invalid { foreign, .. }) => foreign,
            other => panic!("{other:?}"),
        }
    };
    assert!(is_foreign(&evil, |_| ()));
    assert!(is_foreign(&evil, |params| params.not_after = date_time_ymd(2026, 1, 1)));
    assert!(!is_foreign(&ours, |params| params.not_after = date_time_ymd(2026, 1, 1)));
    assert!(!is_foreign(&ours, |params| params.subject_alt_names.clear()));
}

#[test]
fn an_inspection_root_is_told_from_a_stranger_and_accepted_where_the_pins_are_relaxed_for_it() {
    let (ours, proxy) = (Ca::new(|_| ()), Ca::new(|_| ()));
    let (leaf, _) = proxy.leaf(|_| ());
    let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW.unix().unsigned_abs()));
    let judge_by = |inspection_roots: &[SpkiPin], relaxed, name: &str| {
        let inspection_roots = inspection_roots.to_vec();
        let trust = Trust { inspection_roots, relaxed, ..Trust::pinned(&[ours.pin]) };
        let name = name.to_owned().try_into().unwrap();
        let chain = std::slice::from_ref(&proxy.certificate);
        PinnedVerifier::new(&trust, &default_provider()).judge(&leaf, chain, &name, now)
    };
    assert_eq!(judge_by(&[proxy.pin], true, "localhost"), Ok(Accepted::Inspected));
    let told = |result| match result {
        Err(ChainRefused::NoPinnedKey { presented, .. }) => presented,
        other => panic!("{other:?}"),
    };
    assert_eq!(told(judge_by(&[proxy.pin], false, "localhost")), Presented::Inspection);
    assert_eq!(told(judge_by(&[ours.pin], true, "localhost")), Presented::NobodyKnown, "another root");
    assert_eq!(
        told(judge_by(&[proxy.pin], true, "elsewhere.example")),
        Presented::NobodyKnown,
        "another name"
    );
}

proptest! {
    #[test]
    fn arbitrary_certificates_never_panic(
        leaf in proptest::collection::vec(any::<u8>(), 0..300),
        rest in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let pins = [SpkiPin::of_spki(b"")];
        prop_assert!(judge(&pins, &leaf.into(), &[rest.into()]).is_err());
    }
}

#[test]
fn a_changed_bit_anywhere_in_the_leaf_is_refused() {
    let ca = Ca::new(|_| ());
    let (leaf, _) = ca.leaf(|_| ());
    for position in 0..leaf.len() {
        let mut changed = leaf.to_vec();
        changed[position] ^= 1;
        assert!(
            judge(&[ca.pin], &changed.into(), std::slice::from_ref(&ca.certificate)).is_err(),
            "byte {position}"
        );
    }
}
