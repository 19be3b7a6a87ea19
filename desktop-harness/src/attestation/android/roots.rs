//! The root keys that Android's attestations are under.

use std::collections::BTreeSet;

use agent_core::model::Sha256;

use crate::attestation::chain;

/// Google's two: RSA 4096 of 2016 (under certificates of 2016, 2019 and 2022), and EC P-384 of 2025
/// (`android.googleapis.com/attestation/root`). SHA-256 of their SubjectPublicKeyInfo.
const GOOGLE: [[u8; 32]; 2] = [
    [
        0xfe, 0xb2, 0xea, 0x75, 0x51, 0xee, 0x31, 0x6e, 0xd4, 0xbb, 0x44, 0x3c, 0x82, 0x93, 0xb8, 0x84, 0xdb,
        0xfd, 0xea, 0x40, 0xb6, 0x03, 0xee, 0x3e, 0x4f, 0x4a, 0x89, 0x7e, 0x45, 0x80, 0xfb, 0xae,
    ],
    [
        0x3e, 0xe4, 0x45, 0x12, 0xa1, 0xaf, 0x2b, 0xeb, 0x39, 0xc8, 0x89, 0x49, 0x0c, 0x60, 0xea, 0x3f, 0x82,
        0xe4, 0x3f, 0x5d, 0x5a, 0x55, 0x32, 0xf5, 0xab, 0x94, 0x19, 0xf6, 0x76, 0xcd, 0x07, 0xec,
    ],
];

/// A root that is no certificate.
#[derive(Debug, thiserror::Error)]
#[error("certificate {at} is none: {why}")]
pub struct RootsError {
    at: usize,
    why: String,
}

/// Root keys, by the SHA-256 of their SubjectPublicKeyInfo. The key is pinned, not the certificate around it: Google
/// issued three for one key, and the terms of two are over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roots(BTreeSet<Sha256>);

impl Roots {
    /// Google's roots.
    pub fn google() -> Self {
        Self(GOOGLE.into_iter().map(Sha256::from_bytes).collect())
    }

    /// Other roots, for emulators and tests.
    pub fn of(keys: impl IntoIterator<Item = Sha256>) -> Self {
        Self(keys.into_iter().collect())
    }

    /// The keys of certificates, DER.
    pub fn of_certificates(certificates: &[Vec<u8>]) -> Result<Self, RootsError> {
        let digest = |(at, der): (usize, &Vec<u8>)| {
            let parsed = x509_parser::parse_x509_certificate(der);
            let (_, certificate) = parsed.map_err(|error| RootsError { at, why: error.to_string() })?;
            Ok(chain::key_digest(&certificate))
        };
        certificates.iter().enumerate().map(digest).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a key is one of them.
    pub fn contain(&self, key: &Sha256) -> bool {
        self.0.contains(key)
    }
}
