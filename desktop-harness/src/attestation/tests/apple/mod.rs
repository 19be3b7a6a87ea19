//! Objects under a root of our own, each with one thing wrong.

use agent_core::model::{Sha256, Timestamp};
use agent_core::report::jwk::PublicKey;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use ciborium::Value;
use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P384_SHA384, PublicKeyData as _,
};
use time::{Duration, OffsetDateTime};

use super::{AppleRules, Attested, Environment, Expected, Root, Trust, read_statement, verify};
use crate::attestation::{Refusal, Rule};

const NOW: Timestamp = Timestamp::from_unix(1_790_000_000);
const CHALLENGE: &[u8] = b"a challenge of the connector";
const APP_ID: &str = "A1B2C3D4E5.org.example.mtd";
const NONCE_OID: &[u64] = &[1, 2, 840, 113_635, 100, 8, 2];
const COUNTER: usize = 33;
const AAGUID: usize = 37;
const KEY_ID: usize = 55;
const COSE_Y_END: usize = 164;

/// Apple, an app's key and the key that enrols.
struct World {
    root: (KeyPair, CertificateParams),
    intermediate: (KeyPair, CertificateParams),
    leaf: (KeyPair, CertificateParams),
    enrolled: PublicKey,
    auth_data: Vec<u8>,
    key_id: String,
    rules: AppleRules,
    /// Of the certificate; `None`: as it should be.
    nonce: Option<Vec<u8>>,
    format: &'static str,
    now: Timestamp,
}

impl World {
    fn new() -> Self {
        let leaf = KeyPair::generate().unwrap();
        let point = point(&leaf);
        let key_id = Sha256::of(&point);
        Self {
            root: authority("Root", 9000),
            intermediate: authority("CA 1", 3000),
            enrolled: PublicKey::from_spki_der(&KeyPair::generate().unwrap().subject_public_key_info())
                .unwrap(),
            auth_data: auth_data(&key_id, &point),
            key_id: BASE64_STANDARD.encode(key_id.as_bytes()),
            leaf: (leaf, named("leaf", 3)),
            rules: AppleRules { app_ids: vec![APP_ID.to_owned()], environment: Environment::Production },
            nonce: None,
            format: "apple-appattest",
            now: NOW,
        }
    }

    fn object(&mut self) -> Vec<u8> {
        let client_data = [CHALLENGE, self.enrolled.thumbprint().as_bytes()].concat();
        let composite = [&self.auth_data[..], Sha256::of(&client_data).as_bytes()].concat();
        let nonce = Sha256::of(&composite);
        let sound = [&[0x30, 0x24, 0xa1, 0x22, 0x04, 0x20], &nonce.as_bytes()[..]].concat();
        let content = self.nonce.clone().unwrap_or(sound);
        if !content.is_empty() {
            let extension = CustomExtension::from_oid_content(NONCE_OID, content);
            self.leaf.1.custom_extensions = vec![extension];
        }
        let issued = |(key, params): &(KeyPair, CertificateParams), by: &(KeyPair, CertificateParams)| {
            params.signed_by(key, &Issuer::from_params(&by.1, &by.0)).unwrap().der().to_vec()
        };
        let x5c = [issued(&self.leaf, &self.intermediate), issued(&self.intermediate, &self.root)];
        object(self.format, &x5c, &self.auth_data)
    }

    fn judge(mut self) -> Result<Attested, Refusal> {
        let object = self.object();
        self.judge_object(&object)
    }

    fn judge_object(&self, object: &[u8]) -> Result<Attested, Refusal> {
        let root = Root::of_certificate(self.root.1.self_signed(&self.root.0).unwrap().der()).unwrap();
        let expected =
            Expected { challenge: CHALLENGE, key: &self.enrolled, key_id: &self.key_id, rules: &self.rules };
        verify(object, Trust { root: &root, now: self.now }, &expected)
    }
}

fn named(name: &str, days: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let now = OffsetDateTime::from_unix_timestamp(NOW.unix()).unwrap();
    (params.not_before, params.not_after) = (now - Duration::days(1), now + Duration::days(days));
    params
}

fn authority(name: &str, days: i64) -> (KeyPair, CertificateParams) {
    let mut params = named(name, days);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    (KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap(), params)
}

fn point(key: &KeyPair) -> Vec<u8> {
    key.subject_public_key_info()[26..].to_vec()
}

fn auth_data(key_id: &Sha256, point: &[u8]) -> Vec<u8> {
    let cose =
        [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20], &point[1..33], &[0x22, 0x58, 0x20], &point[33..]];
    [
        &Sha256::of(APP_ID.as_bytes()).as_bytes()[..],
        &[0x40, 0, 0, 0, 0],
        b"appattest\0\0\0\0\0\0\0",
        &[0, 32],
        key_id.as_bytes(),
        &cose.concat(),
    ]
    .concat()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn encoded(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

fn object(format: &str, x5c: &[Vec<u8>], auth_data: &[u8]) -> Vec<u8> {
    let x5c = x5c.iter().map(|der| Value::Bytes(der.clone())).collect();
    encoded(&Value::Map(vec![
        (text("fmt"), text(format)),
        (
            text("attStmt"),
            Value::Map(vec![
                (text("x5c"), Value::Array(x5c)),
                (text("receipt"), Value::Bytes(vec![1, 2, 3])),
            ]),
        ),
        (text("authData"), Value::Bytes(auth_data.to_vec())),
    ]))
}

#[test]
fn sound_object_tells_what_it_vouches_for() {
    let mut world = World::new();
    let object = world.object();
    let attested = world.judge_object(&object).unwrap();
    assert_eq!((attested.app_id.as_str(), attested.environment), (APP_ID, Environment::Production));
    assert_eq!(BASE64_STANDARD.encode(attested.key_id.as_bytes()), world.key_id);
    let statement = read_statement(&object).unwrap();
    assert_eq!((statement.counter, statement.key_id), (0, attested.key_id));
}

#[test]
fn each_rule_refuses_what_breaks_it() {
    type Spoil = fn(&mut World);
    let cases: &[(Rule, &str, Spoil)] = &[
        (Rule::Nonce, "another challenge or key", |it| {
            it.nonce = Some([&[0x30, 0x24, 0xa1, 0x22, 0x04, 0x20], &[7; 32][..]].concat());
        }),
        (Rule::Extension, "no nonce", |it| it.nonce = Some(vec![])),
        (Rule::Encoding, "nonce under another tag", |it| {
            it.nonce = Some([&[0x30, 0x24, 0xa2, 0x22, 0x04, 0x20], &[7; 32][..]].concat());
        }),
        (Rule::Encoding, "bytes after the nonce", |it| {
            it.nonce = Some([&[0x30, 0x24, 0xa1, 0x22, 0x04, 0x20], &[7; 33][..]].concat());
        }),
        (Rule::Encoding, "another format", |it| it.format = "apple"),
        (Rule::KeyIdentifier, "told another", |it| it.key_id = BASE64_STANDARD.encode([7; 32])),
        (Rule::KeyIdentifier, "told no base64", |it| it.key_id = "not base64!".to_owned()),
        (Rule::KeyIdentifier, "authData names another", |it| it.auth_data[KEY_ID] ^= 1),
        (Rule::Application, "another app", |it| it.rules.app_ids = vec!["A1B2C3D4E5.org.other".to_owned()]),
        (Rule::Application, "none is named", |it| it.rules.app_ids.clear()),
        (Rule::Counter, "has signed", |it| it.auth_data[COUNTER + 3] = 1),
        (Rule::Environment, "development", |it| {
            it.auth_data[AAGUID..AAGUID + 16].copy_from_slice(b"appattestdevelop");
        }),
        (Rule::Environment, "production", |it| it.rules.environment = Environment::Development),
        (Rule::Environment, "unknown", |it| it.auth_data[AAGUID + 15] = 1),
        (Rule::Key, "another key in authData", |it| it.auth_data[COSE_Y_END - 1] ^= 1),
        (Rule::Encoding, "other flags", |it| it.auth_data[32] = 0x41),
        (Rule::Encoding, "longer key id", |it| it.auth_data[54] = 33),
        (Rule::Encoding, "authData cut", |it| it.auth_data.truncate(163)),
        (Rule::Encoding, "authData extended", |it| it.auth_data.push(0)),
        (Rule::Encoding, "another kind of key", |it| it.auth_data[KEY_ID + 34] = 3),
        (Rule::Validity, "leaf expired", |it| it.now = NOW.plus_seconds(4 * 86_400)),
        (Rule::Validity, "leaf of tomorrow", |it| it.now = NOW.plus_seconds(-2 * 86_400)),
        (Rule::Authority, "intermediate is none", |it| it.intermediate.1.is_ca = IsCa::ExplicitNoCa),
    ];
    for (rule, what, spoil) in cases {
        let mut world = World::new();
        spoil(&mut world);
        let refusal = world.judge().expect_err(what);
        assert_eq!(refusal.rule, *rule, "{what}: {refusal}");
    }
}

/// The object is another's: same app, same challenge, another enrolled key.
#[test]
fn object_for_another_enrolled_key_is_refused() {
    let mut world = World::new();
    let object = world.object();
    world.enrolled = World::new().enrolled;
    assert_eq!(world.judge_object(&object).unwrap_err().rule, Rule::Nonce);
}

#[test]
fn object_under_another_root_is_refused() {
    let mut world = World::new();
    let object = world.object();
    world.root = authority("Root", 9000);
    assert_eq!(world.judge_object(&object).unwrap_err().rule, Rule::Signature);
    let expected =
        Expected { challenge: CHALLENGE, key: &world.enrolled, key_id: &world.key_id, rules: &world.rules };
    let outcome = verify(&object, Trust { root: &Root::apple(), now: NOW }, &expected);
    assert_eq!(outcome.unwrap_err().rule, Rule::Signature);
}

#[test]
fn chain_is_taken_in_its_order_and_whole() {
    let mut world = World::new();
    let sound = super::Object::read(&world.object()).unwrap();
    let [leaf, intermediate] = [sound.chain[0].clone(), sound.chain[1].clone()];
    for (chain, rule) in [
        (vec![intermediate.clone(), leaf.clone()], Rule::Issuer),
        (vec![leaf.clone()], Rule::ChainLength),
        (vec![], Rule::ChainLength),
        (vec![leaf.clone(), leaf.clone(), intermediate.clone()], Rule::Issuer),
        (vec![leaf[..leaf.len() - 1].to_vec(), intermediate], Rule::Encoding),
    ] {
        let object = object("apple-appattest", &chain, &sound.auth_data);
        assert_eq!(world.judge_object(&object).unwrap_err().rule, rule, "{} certificates", chain.len());
    }
}

#[test]
fn object_is_one_unambiguous_item() {
    let mut world = World::new();
    let object = world.object();
    let refused = |bytes: &[u8]| world.judge_object(bytes).unwrap_err().rule;
    for end in 0..object.len() {
        assert_eq!(refused(&object[..end]), Rule::Encoding, "cut at {end}");
    }
    assert_eq!(refused(&[&object[..], &[0]].concat()), Rule::Encoding);
    let fields = super::cbor::read(&object).unwrap().into_map().unwrap();
    let mut doubled = fields.clone();
    doubled.push(fields[0].clone());
    assert_eq!(refused(&encoded(&Value::Map(doubled))), Rule::Encoding, "a member twice");
    let mut more = fields.clone();
    more.push((text("more"), Value::Null));
    assert_eq!(refused(&encoded(&Value::Map(more))), Rule::Encoding, "an unknown member");
    for at in 0..fields.len() {
        let mut fewer = fields.clone();
        fewer.remove(at);
        assert_eq!(refused(&encoded(&Value::Map(fewer))), Rule::Encoding, "without {at}");
    }
    assert_eq!(refused(&[0x81; 100]), Rule::Encoding, "nested deeply");
    assert_eq!(refused(&[0; 65 * 1024]), Rule::Encoding, "large");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(World::new().judge_object(&bytes).is_err());
        let _ = read_statement(&bytes);
    }
}

/// One bit changed anywhere but in the receipt, which is not judged.
#[test]
fn no_changed_object_holds() {
    let mut world = World::new();
    let object = world.object();
    let receipt = object.windows(11).position(|part| part == b"\x67receipt\x43\x01\x02").unwrap();
    for place in (0..object.len()).filter(|at| !(receipt + 8..receipt + 12).contains(at)) {
        let mut changed = object.clone();
        changed[place] ^= 1 << (place % 8);
        assert!(world.judge_object(&changed).is_err(), "byte {place}");
    }
}
