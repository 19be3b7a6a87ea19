//! A log's signature over a precertificate (RFC 6962, section 3.2).

use ring::signature::{
    ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use x509_parser::oid_registry::{OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_PKCS1_RSAENCRYPTION};
use x509_parser::prelude::{FromDer as _, SubjectPublicKeyInfo};

use super::sct::Sct;
use crate::model::Sha256;

/// Whether `sct` is signed with the key `log_spki` over `tbs`, which `issuer_key` signed.
///
/// Logs sign with ECDSA on P-256 or with RSA of at least 2048 bits, with SHA-256 (RFC 6962, section 2.1.4).
pub(super) fn verifies(sct: &Sct<'_>, tbs: &[u8], issuer_key: &Sha256, log_spki: &[u8]) -> bool {
    let Ok((_, spki)) = SubjectPublicKeyInfo::from_der(log_spki) else { return false };
    let Some((algorithm, code)) = algorithm(&spki) else { return false };
    let Some(signed) = signed(sct, tbs, issuer_key) else { return false };
    let key = UnparsedPublicKey::new(algorithm, &spki.subject_public_key.data);
    sct.algorithm == code && key.verify(&signed, sct.signature).is_ok()
}

/// How a key verifies, and the HashAlgorithm and SignatureAlgorithm that stand for it.
fn algorithm(spki: &SubjectPublicKeyInfo<'_>) -> Option<(&'static dyn VerificationAlgorithm, [u8; 2])> {
    let id = &spki.algorithm.algorithm;
    if *id == OID_PKCS1_RSAENCRYPTION {
        return Some((&RSA_PKCS1_2048_8192_SHA256, [SHA256, RSA]));
    }
    let curve = spki.algorithm.parameters.as_ref()?.as_oid().ok()?;
    let is_p256 = *id == OID_KEY_TYPE_EC_PUBLIC_KEY && curve == OID_EC_P256;
    is_p256.then_some((&ECDSA_P256_SHA256_ASN1 as &dyn VerificationAlgorithm, [SHA256, ECDSA]))
}

const SHA256: u8 = 4;
const RSA: u8 = 1;
const ECDSA: u8 = 3;

/// What the log signs; `None` if its lengths do not fit.
fn signed(sct: &Sct<'_>, tbs: &[u8], issuer_key: &Sha256) -> Option<Vec<u8>> {
    let [0, length @ ..] = u32::try_from(tbs.len()).ok()?.to_be_bytes() else { return None };
    let extensions_length = u16::try_from(sct.extensions.len()).ok()?.to_be_bytes();
    let mut signed = vec![V1, CERTIFICATE_TIMESTAMP];
    signed.extend(sct.milliseconds.to_be_bytes());
    signed.extend(PRECERT_ENTRY);
    signed.extend(issuer_key.as_bytes());
    signed.extend(length);
    signed.extend(tbs);
    signed.extend(extensions_length);
    signed.extend(sct.extensions);
    Some(signed)
}

const V1: u8 = 0;
const CERTIFICATE_TIMESTAMP: u8 = 0;
const PRECERT_ENTRY: [u8; 2] = [0, 1];
