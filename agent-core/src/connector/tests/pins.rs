//! Which certificate chains are a connector's.

use std::time::Duration;

use proptest::prelude::*;
use rcgen::{CertificateParams, IsCa, KeyPair, KeyUsagePurpose, PublicKeyData, date_time_ymd};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, UnixTime};

use super::support::{Ca, NOW};
use crate::connector::pins::{ChainRefused, PinnedVerifier};
use crate::model::SpkiPin;

fn judge(
    pins: &[SpkiPin],
    leaf: &CertificateDer<'_>,
    rest: &[CertificateDer<'_>],
) -> Result<(), ChainRefused> {
    let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW.unix().unsigned_abs()));
    let name = "localhost".try_into().unwrap();
    PinnedVerifier::new(pins, &default_provider()).judge(leaf, rest, &name, now)
}

fn invalid(result: Result<(), ChainRefused>) -> String {
    match result {
        Err(ChainRefused::Invalid(why)) => why,
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
    assert_eq!(result, Err(ChainRefused::NoPinnedKey(vec![pin(&key), evil.pin])));
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
