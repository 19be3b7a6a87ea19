//! A small world of certificates and hosts for the tests of this module.
//!
//! Keys are Ed25519 from fixed seeds, serial numbers and dates are fixed: the same certificate is the same
//! bytes in every run, so that what is judged of it can be a golden file.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, PKCS_ED25519, SerialNumber, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, TrustAnchor as Anchor};
use time::OffsetDateTime;

use super::observation::{Certificate, Handshake, Possession};
use crate::model::{
    DevicePosture, Fact, Inventory, NetworkSnapshot, Platform, ProbeEndpoint, RootCertificate, SpkiPin,
    Timestamp, TrustVerdict,
};
use crate::platform::{DeviceHost, Entropy, PlatformError};

/// 2027-01-15T12:00:00Z: within the dates of [`Dates::CURRENT`].
pub(super) const NOW: Timestamp = Timestamp::from_unix(1_800_014_400);

/// A certification authority.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
}

impl Authority {
    pub(super) fn new(name: &str, seed: u8) -> Self {
        let mut params = params(name, &[], Dates(2020, 2045));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = key(seed);
        let der = params.self_signed(&key).unwrap().der().clone();
        Self { issuer: Issuer::new(params, key), der }
    }

    /// An authority under this one.
    pub(super) fn subordinate(&self, name: &str, seed: u8, dates: Dates) -> Self {
        let mut params = params(name, &[], dates);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = key(seed);
        let der = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        Self { issuer: Issuer::new(params, key), der }
    }

    /// Leaf and authority, for `host` and between `dates`. The leaf's key is [`leaf_key`].
    pub(super) fn chain(&self, host: &str, dates: Dates) -> Vec<Certificate> {
        self.chain_with(host, dates, Vec::new())
    }

    /// The same with further extensions.
    pub(super) fn chain_with(
        &self,
        host: &str,
        dates: Dates,
        extensions: Vec<CustomExtension>,
    ) -> Vec<Certificate> {
        self.issue(params(host, &[host], dates), extensions, &leaf_key())
    }

    /// The same between two moments, for a key of one's own.
    pub(super) fn chain_between(
        &self,
        host: &str,
        (from, to): (Timestamp, Timestamp),
        extensions: Vec<CustomExtension>,
        key: &KeyPair,
    ) -> Vec<Certificate> {
        let mut params = params(host, &[host], Dates::CURRENT);
        params.not_before = OffsetDateTime::from_unix_timestamp(from.unix()).unwrap();
        params.not_after = OffsetDateTime::from_unix_timestamp(to.unix()).unwrap();
        self.issue(params, extensions, key)
    }

    fn issue(
        &self,
        mut params: CertificateParams,
        extensions: Vec<CustomExtension>,
        key: &KeyPair,
    ) -> Vec<Certificate> {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.custom_extensions = extensions;
        let leaf = params.signed_by(key, &self.issuer).unwrap();
        vec![certificate(leaf.der()), certificate(&self.der)]
    }

    pub(super) fn root_certificate(&self) -> RootCertificate {
        RootCertificate::from_der(self.der.to_vec())
    }

    pub(super) fn pin(&self) -> SpkiPin {
        SpkiPin::of_spki(&webpki::spki_for_anchor(&self.anchor()))
    }

    pub(super) fn anchor(&self) -> Anchor<'_> {
        webpki::anchor_from_trusted_cert(&self.der).unwrap()
    }
}

/// First and last year of validity, each from 1 January.
#[derive(Clone, Copy)]
pub(super) struct Dates(pub(super) i32, pub(super) i32);

impl Dates {
    pub(super) const CURRENT: Self = Self(2026, 2028);
    pub(super) const PAST: Self = Self(2024, 2026);
}

/// A chain of one certificate, signed by its own key.
pub(super) fn self_signed(host: &str) -> Vec<Certificate> {
    let leaf = params(host, &[host], Dates::CURRENT).self_signed(&leaf_key()).unwrap();
    vec![certificate(leaf.der())]
}

/// The key of every leaf.
pub(super) fn leaf_key() -> KeyPair {
    key(100)
}

pub(super) fn key(seed: u8) -> KeyPair {
    // OneAsymmetricKey (RFC 8410, section 7) around a seed of 32 bytes.
    let mut der = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    der.extend([seed; 32]);
    KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(der), &PKCS_ED25519).unwrap()
}

fn params(name: &str, hosts: &[&str], dates: Dates) -> CertificateParams {
    let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Example");
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(dates.0, 1, 1);
    params.not_after = date_time_ymd(dates.1, 1, 1);
    params.serial_number = Some(SerialNumber::from(7_u64));
    params
}

fn certificate(der: &CertificateDer<'_>) -> Certificate {
    Certificate::from_der(der.to_vec())
}

/// An ordinary completed handshake.
pub(super) fn handshake(chain: Vec<Certificate>) -> Handshake {
    Handshake {
        chain,
        certificates_dropped: 0,
        possession: Possession::Proven,
        version: Some("TLSv1.3".to_owned()),
        alpn: Some("h2".to_owned()),
        interrupted: None,
    }
}

pub(super) fn endpoint(host: &str, network: &str) -> ProbeEndpoint {
    ProbeEndpoint {
        host: host.to_owned(),
        port: 443,
        address: None,
        network: network.to_owned(),
        private_anchors: Vec::new(),
    }
}

pub(super) fn snapshot() -> NetworkSnapshot {
    NetworkSnapshot::not_available("not told in tests")
}

/// A platform that has one opinion on every chain, after doing what `wait` does.
pub(super) struct FakeHost<W = fn()> {
    pub(super) verdict: Fact<TrustVerdict>,
    pub(super) wait: W,
}

impl FakeHost {
    pub(super) fn refusing() -> Self {
        let verdict = TrustVerdict::Rejected { why: "unknown issuer".to_owned() };
        Self { verdict: Fact::known(verdict), wait: || {} }
    }
}

impl<W: Fn() + Send + Sync> DeviceHost for FakeHost<W> {
    fn installed_apps(&self) -> Fact<Inventory> {
        Fact::not_available("not told in tests")
    }

    fn device_posture(&self) -> DevicePosture {
        DevicePosture::not_available(Platform::Linux, "not told in tests")
    }

    fn network_snapshot(&self) -> NetworkSnapshot {
        snapshot()
    }

    fn evaluate_trust(&self, _chain: &[Vec<u8>], _host: &str) -> Fact<TrustVerdict> {
        (self.wait)();
        self.verdict.clone()
    }
}

/// The machine's randomness.
pub(super) struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), PlatformError> {
        use ring::rand::SecureRandom as _;
        let random = ring::rand::SystemRandom::new();
        random.fill(buffer).map_err(|error| PlatformError::new("random bytes", error))
    }
}
