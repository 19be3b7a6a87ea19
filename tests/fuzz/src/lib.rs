//! What the targets judge by and the seeds are made for: fixed keys, names and settings.

use std::net::IpAddr;

use agent_core::canary::{CanarySettings, CanarySigner, KeySet, Nonce};
use agent_core::model::{NetworkSettings, ProbeEndpoint, SpkiPin, Timestamp};
use agent_core::network::observation::Certificate;
use agent_core::report::jwk::{Jwk, PublicKey};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

/// 2027-01-15T12:00:00Z.
pub const NOW: Timestamp = Timestamp::from_unix(1_800_014_400);

/// The nonce of every question.
pub const NONCE: Nonce = Nonce::from_bytes([0xab; 16]);

/// The host of the endpoint whose chain is judged.
pub const HOST: &str = "a.example";

/// The zone of the first canary.
pub const ZONE: &str = "z.canary-0.example";

/// The seed of the key of the organisation's own authority.
pub const AUTHORITY: [u8; 32] = [7; 32];

/// The pin of that authority.
pub fn authority_pin() -> SpkiPin {
    // SubjectPublicKeyInfo (RFC 8410, section 4) around the 32 bytes of the key.
    let mut spki = vec![0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
    let pair = Ed25519KeyPair::from_seed_unchecked(&AUTHORITY).expect("32 bytes are a seed");
    spki.extend(pair.public_key().as_ref());
    SpkiPin::of_spki(&spki)
}

/// The key of a canary.
pub fn signer(number: u8) -> CanarySigner {
    CanarySigner::from_seed(&[50 + number; 32]).expect("32 bytes are a seed")
}

/// Three endpoints and two canaries, in networks of their own.
pub fn settings() -> NetworkSettings {
    let endpoint = |host: &str, network: &str| ProbeEndpoint {
        host: host.to_owned(),
        port: 443,
        address: None,
        network: network.to_owned(),
        private_anchors: vec![authority_pin()],
    };
    let canary = |number: u8| CanarySettings {
        name: format!("canary-{number}.example"),
        addresses: vec![IpAddr::from([192, 0, 2, number])],
        tls_port: 443,
        http_port: Some(80),
        dns_port: None,
        zone: (number == 0).then(|| ZONE.to_owned()),
        keys: KeySet::new(vec![signer(number).public()]).expect("one key is a set"),
        network: format!("net-{}", number + 4),
        private_anchors: vec![authority_pin()],
    };
    NetworkSettings {
        endpoints: vec![
            endpoint(HOST, "net-1"),
            endpoint("b.example", "net-2"),
            endpoint("c.example", "net-3"),
        ],
        captive_probes: vec!["http://probe.example/204".to_owned(), "https://probe.example/204".to_owned()],
        canaries: vec![canary(0), canary(1)],
        ..NetworkSettings::default()
    }
}

/// The key pair of RFC 6979, appendix A.2.5: private key, then the point without its form.
pub const DEVICE: (&str, &str) = (
    "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
    "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6\
     7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
);

/// The public key of the device that reports.
pub fn device() -> PublicKey {
    let point = from_hex(DEVICE.1);
    let (x, y) = point.split_at(32);
    let [x, y] = [x, y].map(|half| BASE64_URL_SAFE_NO_PAD.encode(half));
    PublicKey::from_jwk(&Jwk { crv: "P-256".into(), kty: "EC".into(), x, y }).expect("a point of the curve")
}

/// Bytes of hexadecimal digits.
pub fn from_hex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("ASCII"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("two digits")).collect()
}

/// Cuts `bytes` into certificates: each behind its length in two bytes.
pub fn certificates(mut bytes: &[u8]) -> Vec<Certificate> {
    let mut chain = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        let (der, later) = rest.split_at(length);
        chain.push(Certificate::from_der(der.to_vec()));
        bytes = later;
    }
    chain
}

/// What [`certificates`] reads.
pub fn packed<'a>(chain: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let behind_length = |der: &[u8]| [&(der.len() as u16).to_be_bytes(), der].concat();
    chain.into_iter().flat_map(behind_length).collect()
}
