//! Transparency logs that the tests keep the keys of.

use rcgen::CustomExtension;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

use crate::model::{CtLog, CtLogKey, CtLogList, CtLogOperator, CtLogPhase, CtLogState, Sha256, Timestamp};
use crate::network::observation::Certificate;
use crate::network::testing::{Authority, Dates, NOW};

/// An hour before [`NOW`].
pub(in crate::network) const ISSUED: Timestamp = NOW.plus_seconds(-3600);

const ID_SCT_LIST: &[u64] = &[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];

/// SubjectPublicKeyInfo of a P-256 key (RFC 5480), up to its point.
const P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A log with a key of its own.
pub(in crate::network) struct TestLog(EcdsaKeyPair);

impl TestLog {
    pub(in crate::network) fn new() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random).unwrap())
    }

    pub(in crate::network) fn spki(&self) -> Vec<u8> {
        [P256, self.0.public_key().as_ref()].concat()
    }

    pub(in crate::network) fn id(&self) -> Sha256 {
        Sha256::of(&self.spki())
    }

    /// The log as a list has it: usable.
    pub(in crate::network) fn entry(&self) -> CtLog {
        CtLog {
            key: CtLogKey::from_spki(self.spki()),
            state: Some(CtLogState { phase: CtLogPhase::Usable, since: Timestamp::from_unix(0) }),
            temporal_interval: None,
            previous_operators: Vec::new(),
        }
    }

    /// An SCT over a TBSCertificate.
    pub(in crate::network) fn sct(&self, tbs: &[u8], issuer_spki: &[u8], issued: Timestamp) -> Vec<u8> {
        let milliseconds = (issued.unix() as u64 * 1000 + 7).to_be_bytes();
        let mut signed = vec![0, 0];
        signed.extend(milliseconds);
        signed.extend([0, 1]);
        signed.extend(Sha256::of(issuer_spki).as_bytes());
        signed.extend(&(tbs.len() as u32).to_be_bytes()[1..]);
        signed.extend(tbs);
        signed.extend([0, 0]);
        let signature = self.0.sign(&SystemRandom::new(), &signed).unwrap();

        let mut sct = vec![0];
        sct.extend(self.id().as_bytes());
        sct.extend(milliseconds);
        sct.extend([0, 0, 4, 3]);
        sct.extend(opaque(signature.as_ref()));
        sct
    }
}

/// A list of `operators`, made a day before [`NOW`].
pub(in crate::network) fn list(operators: &[(&str, &[&TestLog])]) -> CtLogList {
    let operators = operators.iter().map(|(name, logs)| CtLogOperator {
        name: (*name).to_owned(),
        logs: logs.iter().map(|log| log.entry()).collect(),
        tiled_logs: Vec::new(),
    });
    CtLogList { timestamp: NOW.plus_seconds(-86_400), operators: operators.collect() }
}

/// A chain of `authority` for `host` whose leaf embeds an SCT of each of `logs`.
pub(in crate::network) fn logged(
    authority: &Authority,
    host: &str,
    dates: Dates,
    logs: &[(&TestLog, Timestamp)],
) -> Vec<Certificate> {
    let (tbs, issuer) = unlogged(authority, host, dates);
    let scts: Vec<_> = logs.iter().map(|(log, issued)| log.sct(&tbs, &issuer, *issued)).collect();
    with_scts(authority, host, dates, &scts)
}

/// The extension with an SCT of each of `logs` over the leaf of `chain`, which has none, by `authority`.
pub(in crate::network) fn scts(
    chain: &[Certificate],
    authority: &Authority,
    logs: &[(&TestLog, Timestamp)],
) -> CustomExtension {
    let (_, leaf) = x509_parser::parse_x509_certificate(chain[0].as_der()).unwrap();
    let issuer = webpki::spki_for_anchor(&authority.anchor()).to_vec();
    let each = logs.iter().map(|(log, issued)| log.sct(leaf.tbs_certificate.as_ref(), &issuer, *issued));
    extension(&opaque(&each.flat_map(|sct| opaque(&sct)).collect::<Vec<_>>()))
}

/// The TBSCertificate of a leaf without SCTs, and the key of its issuer.
pub(in crate::network) fn unlogged(authority: &Authority, host: &str, dates: Dates) -> (Vec<u8>, Vec<u8>) {
    let chain = authority.chain(host, dates);
    let (_, leaf) = x509_parser::parse_x509_certificate(chain[0].as_der()).unwrap();
    (leaf.tbs_certificate.as_ref().to_vec(), webpki::spki_for_anchor(&authority.anchor()).to_vec())
}

/// A chain of `authority` for `host` whose leaf embeds `scts`, whatever they are.
pub(in crate::network) fn with_scts(
    authority: &Authority,
    host: &str,
    dates: Dates,
    scts: &[Vec<u8>],
) -> Vec<Certificate> {
    let list = opaque(&scts.iter().flat_map(|sct| opaque(sct)).collect::<Vec<_>>());
    authority.chain_with(host, dates, vec![extension(&list)])
}

/// The extension with the SCT list `list`.
pub(in crate::network) fn extension(list: &[u8]) -> CustomExtension {
    CustomExtension::from_oid_content(ID_SCT_LIST, super::der::encode(4, list))
}

fn opaque(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes(), bytes].concat()
}
