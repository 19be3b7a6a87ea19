use proptest::prelude::*;

use super::support::TestKey;
use crate::report::jwk::{Jwk, PublicKey};

/// The key of RFC 7515, appendix A.3.1.
pub fn rfc_7515_key() -> Jwk {
    Jwk {
        crv: "P-256".into(),
        kty: "EC".into(),
        x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU".into(),
        y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0".into(),
    }
}

#[test]
fn thumbprint_is_of_the_required_members_in_order_without_white_space() {
    let key = PublicKey::from_jwk(&rfc_7515_key()).unwrap();
    // Computed with Python's hashlib over {"crv":"P-256","kty":"EC","x":"…","y":"…"}.
    assert_eq!(key.thumbprint(), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
}

#[test]
fn thumbprint_does_not_depend_on_optional_members() {
    let with_more = serde_json::json!({
        "use": "sig", "kid": "1", "alg": "ES256", "kty": "EC", "crv": "P-256",
        "y": rfc_7515_key().y, "x": rfc_7515_key().x,
    });
    let jwk: Jwk = serde_json::from_value(with_more).unwrap();
    assert_eq!(jwk, rfc_7515_key());
}

#[test]
fn every_encoding_of_a_key_reads_back() {
    let key = TestKey::generate().public();
    assert_eq!(PublicKey::from_spki_der(&key.to_spki_der()), Ok(key.clone()));
    assert_eq!(PublicKey::from_jwk(&key.to_jwk()), Ok(key));
}

#[test]
fn keys_of_another_kind_are_refused() {
    let refused = |change: fn(&mut Jwk)| {
        let mut jwk = rfc_7515_key();
        change(&mut jwk);
        assert!(PublicKey::from_jwk(&jwk).is_err(), "{jwk:?}");
    };
    refused(|jwk| jwk.kty = "RSA".into());
    refused(|jwk| jwk.crv = "P-384".into());
    refused(|jwk| jwk.x.push('='));
    refused(|jwk| jwk.x = "AA".into());
    refused(|jwk| jwk.y.clear());
    // 44 characters of the standard alphabet.
    refused(|jwk| jwk.y = jwk.y.replace('_', "/"));
}

#[test]
fn spki_that_is_cut_longer_compressed_or_of_another_curve_is_refused() {
    let der = TestKey::generate().public().to_spki_der();
    for end in 0..der.len() {
        assert!(PublicKey::from_spki_der(&der[..end]).is_err());
    }
    assert!(PublicKey::from_spki_der(&[der.as_slice(), &[0]].concat()).is_err());
    for index in 0..27 {
        let mut changed = der.clone();
        changed[index] ^= 1;
        assert!(PublicKey::from_spki_der(&changed).is_err(), "byte {index}");
    }
}

#[test]
fn a_point_off_the_curve_verifies_nothing() {
    let mut jwk = rfc_7515_key();
    std::mem::swap(&mut jwk.x, &mut jwk.y);
    let key = PublicKey::from_jwk(&jwk).unwrap();
    assert!(!key.verifies(b"message", &[1; 64]));
}

proptest! {
    #[test]
    fn arbitrary_keys_never_panic(der: Vec<u8>, x: String, y: String) {
        let _ = PublicKey::from_spki_der(&der);
        let _ = PublicKey::from_jwk(&Jwk { crv: "P-256".into(), kty: "EC".into(), x, y });
    }
}
