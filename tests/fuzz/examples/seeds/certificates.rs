//! Certificate chains under the organisation's own authority, and others.

use mtd_fuzz::{AUTHORITY, HOST, packed};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, DnValue, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, NameConstraints, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, SanType, SerialNumber,
    date_time_ymd,
};
use rustls::pki_types::PrivatePkcs8KeyDer;

use crate::{Seed, seed};

pub fn chains() -> Vec<Seed> {
    let root = Authority::root();
    let leaf = root.leaf(|_| {});
    let expired = root.leaf(|params| params.not_after = date_time_ymd(2026, 6, 1));
    let other =
        root.leaf(|params| params.subject_alt_names = vec![SanType::IpAddress([192, 0, 2, 1].into())]);
    let narrow = root.below(|params| {
        let subtrees = vec![GeneralSubtree::DnsName("example".to_owned())];
        let constraints = NameConstraints { permitted_subtrees: subtrees, excluded_subtrees: Vec::new() };
        params.name_constraints = Some(constraints);
    });
    let under_narrow = narrow.leaf(|_| {});
    let strange = root.leaf(|params| {
        params
            .distinguished_name
            .push(DnType::CommonName, DnValue::BmpString("\u{202e}길".try_into().unwrap()));
    });
    let self_signed = params(HOST).self_signed(&key([9; 32])).expect("signs").der().to_vec();
    let shuffled: [&[u8]; 3] = [&under_narrow, &root.der, &narrow.der];
    vec![
        chain("genuine", 0, [&leaf[..], &root.der]),
        chain("trusted-by-user", 3, [&leaf[..]]),
        chain("expired", 4, [&expired[..], &root.der]),
        chain("other-name", 1, [&other[..], &root.der]),
        chain("constrained", 0, shuffled),
        chain("strange-name", 2, [&strange[..], &root.der]),
        chain("self-signed", 1, [&self_signed[..]]),
        chain("authority-as-leaf", 0, [&root.der[..]]),
        chain("repeated", 0, [&leaf[..]; 16]),
        seed("crossed", [&[0], &packed(crossed().iter().map(Vec::as_slice))[..]].concat()),
        seed("empty", [0]),
    ]
}

/// A chain under the organisation's authority, for other seeds.
pub fn genuine(host: &str) -> Vec<Vec<u8>> {
    let root = Authority::root();
    let named = |params: &mut CertificateParams| *params = self::params(host);
    vec![root.leaf(named), root.der]
}

fn chain<const N: usize>(name: &str, platform: u8, certificates: [&[u8]; N]) -> Seed {
    seed(name, [&[platform], &packed(certificates)[..]].concat())
}

/// Authorities with three certificates each and one name for all: thousands of ways for a verifier to go.
fn crossed() -> Vec<Vec<u8>> {
    let keys: Vec<_> =
        (0..6).map(|_| KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).expect("randomness")).collect();
    let mut authority = params("Root");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuers: Vec<_> = keys.iter().map(|key| Issuer::from_params(&authority, key)).collect();
    let mut chain = vec![params(HOST).signed_by(&key([9; 32]), &issuers[0]).expect("signs").der().to_vec()];
    for (key, issuer) in keys.iter().zip(&issuers[1..]) {
        for serial in 0..3_u64 {
            let mut params = authority.clone();
            params.serial_number = Some(SerialNumber::from(serial));
            chain.push(params.signed_by(key, issuer).expect("signs").der().to_vec());
        }
    }
    chain
}

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub der: Vec<u8>,
}

impl Authority {
    pub fn root() -> Self {
        let mut params = params("Root");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let der = params.self_signed(&key(AUTHORITY)).expect("signs").der().to_vec();
        Self { issuer: Issuer::new(params, key(AUTHORITY)), der }
    }

    fn below(&self, change: impl Fn(&mut CertificateParams)) -> Self {
        let mut params = params("Intermediate");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        change(&mut params);
        let der = params.signed_by(&key([8; 32]), &self.issuer).expect("signs").der().to_vec();
        Self { issuer: Issuer::new(params, key([8; 32])), der }
    }

    pub fn leaf(&self, change: impl Fn(&mut CertificateParams)) -> Vec<u8> {
        let mut params = params(HOST);
        change(&mut params);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.signed_by(&key([9; 32]), &self.issuer).expect("signs").der().to_vec()
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2028, 1, 1);
    params.serial_number = Some(SerialNumber::from(7_u64));
    params
}

fn key(seed: [u8; 32]) -> KeyPair {
    // OneAsymmetricKey (RFC 8410, section 7) around the seed.
    let mut der = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    der.extend(seed);
    let key = KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(der), &PKCS_ED25519);
    key.expect("a key of the form that RFC 8410 gives")
}
