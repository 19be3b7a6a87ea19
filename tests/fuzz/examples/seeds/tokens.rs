//! What canaries and devices sign.

use agent_core::canary::{Content, ContentReply, Exporter, RedirectReply, Stamp, StampReply, TlsReply, sign};
use agent_core::model::{ChainPosition, Level, Sha256};
use agent_core::platform::{Clock, Entropy, Es256Signature, PlatformError, Signer};
use agent_core::report::{Event, Issuer, Reporter, RiskLevelChange};
use mtd_fuzz::{DEVICE, NONCE, NOW, device, from_hex, signer};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};

use crate::{Seed, seed};

pub fn canary_replies() -> Vec<Seed> {
    let (signer, peer, digest) = (signer(0), [192, 0, 2, 9].into(), Sha256::of(b"request"));
    let tls = tls_reply(Exporter::from_bytes([1; 32]), digest);
    let redirect = RedirectReply {
        nonce: NONCE,
        server_time: NOW,
        peer,
        request_as_received_sha256: digest,
        location: "https://canary-0.example/".to_owned(),
    };
    let content = ContentReply {
        nonce: NONCE,
        server_time: NOW,
        peer,
        request_as_received_sha256: digest,
        body_sha256: digest,
    };
    let stamp = StampReply { nonce: NONCE, server_time: NOW, peer };
    let token = |name: &str, token: Result<String, serde_json::Error>| seed(name, token.expect("a token"));
    let members = |name: &str, json: serde_json::Result<Vec<u8>>| seed(name, json.expect("JSON"));
    vec![
        token("tls", sign(&signer, (), &tls)),
        token("redirect", sign(&signer, (), &redirect)),
        token("page", sign(&signer, Content::Page, &content)),
        token("time", sign(&signer, Stamp::Time, &stamp)),
        token("other-key", sign(&mtd_fuzz::signer(1), (), &tls)),
        members("tls-members", serde_json::to_vec(&tls)),
        members("redirect-members", serde_json::to_vec(&redirect)),
        members("content-members", serde_json::to_vec(&content)),
        members("stamp-members", serde_json::to_vec(&stamp)),
    ]
}

/// A reply that binds a session.
pub fn tls_reply(tls_exporter: Exporter, client_hello_sha256: Sha256) -> TlsReply {
    TlsReply {
        nonce: NONCE,
        server_time: NOW,
        peer: [192, 0, 2, 9].into(),
        tls_exporter,
        client_hello_sha256,
        request_as_received_sha256: Sha256::of(b"request"),
    }
}

pub fn reports() -> Vec<Seed> {
    let issuer = Issuer {
        iss: "https://mtd.example/mtd/acme/d/d-7f3a".to_owned(),
        aud: "https://mtd.example/mtd/acme/set".to_owned(),
        device_id: "d-7f3a".to_owned(),
        tenant: "acme".to_owned(),
    };
    let key = Key::new();
    let reporter =
        Reporter { issuer: &issuer, txn: "scan-1", toe: None, key: &key, clock: &Always, entropy: &Same };
    let first = ChainPosition { epoch: "enrolment-1".to_owned(), seq: 1, prev: None };
    let mut change = RiskLevelChange::new(Level::High, Some(Level::Secured), NOW);
    change.reason_user.insert("en".to_owned(), "Someone reads along".to_owned());
    let event = Event::RiskLevelChange(change);
    let one = reporter.sign(&first, event.clone()).expect("signs").token;
    let prev = Some(Sha256::of(one.as_bytes()));
    let second = ChainPosition { epoch: "enrolment-1".to_owned(), seq: 2, prev };
    let two = reporter.sign(&second, event).expect("signs").token;
    let claims = agent_core::report::jws::payload_of(&one).expect("a token has claims");
    vec![
        seed("one", one.clone()),
        seed("chain", format!("{one}\n{two}")),
        seed("gap", two),
        seed("claims", claims),
    ]
}

struct Key {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl Key {
    fn new() -> Self {
        let random = SystemRandom::new();
        let (private, point) = (from_hex(DEVICE.0), [&[4], &from_hex(DEVICE.1)[..]].concat());
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, &private, &point, &random);
        Self { pair: pair.expect("the key of RFC 6979"), random }
    }
}

impl Signer for Key {
    fn public_key_spki_der(&self) -> Result<Vec<u8>, PlatformError> {
        Ok(device().to_spki_der())
    }

    fn sign_es256(&self, message: &[u8]) -> Result<Es256Signature, PlatformError> {
        let signature = self.pair.sign(&self.random, message);
        let signature = signature.map_err(|error| PlatformError::new("sign", error))?;
        Ok(Es256Signature::Raw(signature.as_ref().to_vec()))
    }
}

struct Always;

impl Clock for Always {
    fn now(&self) -> agent_core::model::Timestamp {
        NOW
    }
}

struct Same;

impl Entropy for Same {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), PlatformError> {
        buffer.fill(0xa5);
        Ok(())
    }
}
