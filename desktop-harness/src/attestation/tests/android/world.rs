//! A maker of devices under a root of our own: real chains cannot be signed again.

use agent_core::model::{Sha256, Timestamp};
use agent_core::report::jwk::PublicKey;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PublicKeyData as _, SerialNumber,
};
use time::{Duration, OffsetDateTime};

use super::super::{
    AndroidApp, AndroidRules, Attested, Expected, RevocationList, Roots, Trust, verify, verify_chain,
};
use super::statement::{CHALLENGE, PACKAGE, SIGNER, Statement};
use crate::attestation::{Refusal, Rule};

pub(super) const NOW: Timestamp = Timestamp::from_unix(1_790_000_000);

const KEY_DESCRIPTION: &[u64] = &[1, 3, 6, 1, 4, 1, 11129, 2, 1, 17];
const PROVISIONING_INFO: &[u64] = &[1, 3, 6, 1, 4, 1, 11129, 2, 1, 30];

/// A remotely provisioned chain: leaf, keystore, two of the maker's, root.
pub(super) struct World {
    pub(super) root: Party,
    pub(super) upper: Party,
    pub(super) lower: Party,
    pub(super) keystore: Party,
    pub(super) leaf: Party,
    pub(super) rules: AndroidRules,
}

/// A key, and what its certificate will say.
pub(super) struct Party {
    pub(super) key: KeyPair,
    pub(super) params: CertificateParams,
}

impl World {
    pub(super) fn new() -> Self {
        let p384 = || KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
        let p256 = || KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let mut world = Self {
            root: Party::authority("Root", p384(), 3650),
            upper: Party::authority("Upper", p384(), 1000),
            lower: Party::authority("Lower", p256(), 60),
            keystore: Party::authority("TEE", p256(), 14),
            leaf: Party::new("Android Keystore Key", p256()),
            rules: AndroidRules {
                strongbox: false,
                apps: vec![AndroidApp { package: PACKAGE.to_owned(), signer: Sha256::from_bytes(SIGNER) }],
                minimum_patch_level: Some("2026-06".parse().unwrap()),
            },
        };
        world.leaf.params.not_before = OffsetDateTime::UNIX_EPOCH;
        world.leaf.params.not_after = OffsetDateTime::UNIX_EPOCH + Duration::days(28_489);
        world.keystore.add_extension(PROVISIONING_INFO, vec![0xa1, 1, 0x18, 0x40]);
        world
    }

    /// Its chain, with this statement in the leaf.
    pub(super) fn chain(mut self, statement: &Statement) -> Vec<Vec<u8>> {
        self.leaf.add_extension(KEY_DESCRIPTION, statement.der());
        self.chain_as_it_is()
    }

    pub(super) fn chain_as_it_is(&self) -> Vec<Vec<u8>> {
        vec![
            self.leaf.signed_by(&self.keystore),
            self.keystore.signed_by(&self.lower),
            self.lower.signed_by(&self.upper),
            self.upper.signed_by(&self.root),
            self.root.signed_by(&self.root),
        ]
    }

    pub(super) fn roots(&self) -> Roots {
        Roots::of([Sha256::of(&self.root.key.subject_public_key_info())])
    }

    /// Makes the chain with `statement` and judges it.
    pub(super) fn judge(self, statement: &Statement) -> Result<Attested, Refusal> {
        let judge = self.judge_of();
        judge.judge(&self.chain(statement), None)
    }

    pub(super) fn judge_of(&self) -> Judge {
        let key = PublicKey::from_spki_der(&self.leaf.key.subject_public_key_info());
        Judge { roots: self.roots(), key: key.ok(), rules: self.rules.clone(), now: NOW }
    }
}

/// What is left of a [`World`] once its chain is made.
pub(super) struct Judge {
    pub(super) roots: Roots,
    /// `None`: a key that no device can enrol; then the chain alone is judged.
    pub(super) key: Option<PublicKey>,
    pub(super) rules: AndroidRules,
    pub(super) now: Timestamp,
}

impl Judge {
    pub(super) fn judge(
        &self,
        chain: &[Vec<u8>],
        revoked: Option<&RevocationList>,
    ) -> Result<Attested, Refusal> {
        let trust = Trust { roots: &self.roots, revoked, now: self.now };
        match &self.key {
            Some(key) => verify(chain, trust, &Expected { challenge: CHALLENGE, key, rules: &self.rules }),
            None => verify_chain(chain, trust),
        }
    }

    pub(super) fn refuses(&self, chain: &[Vec<u8>]) -> (Rule, String) {
        let refusal = self.judge(chain, None).unwrap_err();
        (refusal.rule, refusal.saw)
    }
}

impl Party {
    pub(super) fn new(name: &str, key: KeyPair) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        Self { key, params }
    }

    pub(super) fn authority(name: &str, key: KeyPair, days: i64) -> Self {
        let mut party = Self::new(name, key);
        party.params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        party.params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let now = OffsetDateTime::from_unix_timestamp(NOW.unix()).unwrap();
        party.params.not_before = now - Duration::days(1);
        party.params.not_after = now + Duration::days(days);
        party
    }

    pub(super) fn add_extension(&mut self, oid: &[u64], content: Vec<u8>) {
        self.params.custom_extensions.push(CustomExtension::from_oid_content(oid, content));
    }

    pub(super) fn add_statement(&mut self, statement: &Statement) {
        self.add_extension(KEY_DESCRIPTION, statement.der());
    }

    pub(super) fn set_serial(&mut self, serial: &[u8]) {
        self.params.serial_number = Some(SerialNumber::from_slice(serial));
    }

    pub(super) fn signed_by(&self, issuer: &Self) -> Vec<u8> {
        let issuer = Issuer::from_params(&issuer.params, &issuer.key);
        self.params.signed_by(&self.key, &issuer).unwrap().der().to_vec()
    }
}
