//! Apple App Attest ("Validating apps that connect to your server", `DCAppAttestService`).
//!
//! A CBOR object `{fmt: "apple-appattest", attStmt: {x5c, receipt}, authData}`. The key that it attests is App Attest's own
//! and signs no reports: it vouches for the key that does, in the Secure Enclave, by its thumbprint. What ties them is the
//! nonce in Apple's certificate:
//!
//! ```text
//! client data  challenge || RFC 7638 thumbprint of the enrolled key, both as text
//! nonce        SHA-256(authData || SHA-256(client data))      extension 1.2.840.113635.100.8.2
//! authData     SHA-256(app id) 32 | flags 1 | counter 4, zero | aaguid 16 | length 2 | key id 32 | COSE key
//! key id       SHA-256 of the attested key's point
//! ```
//!
//! So whoever holds the object knows that a genuine app of this identifier, on a genuine device, named that thumbprint. That
//! the key behind it is in the Secure Enclave is that app's word. The receipt, which Apple's servers can be asked about, is
//! left aside: the connector asks nobody.

mod auth_data;
mod root;

#[cfg(test)]
#[path = "../tests/apple/mod.rs"]
mod tests;

use agent_core::model::{Sha256, Timestamp};
use agent_core::report::jwk::PublicKey;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use ciborium::Value;
use serde::{Deserialize, Serialize};
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::{Oid, asn1_rs::oid};

use super::der::{DerError, Reader};
use super::refusal::{Refusal, Rule};
use super::{cbor, chain};
use auth_data::AuthData;

pub use root::{Root, RootError};

const NONCE: Oid<'static> = oid!(1.2.840.113635.100.8.2);

/// Tag of the nonce in its extension.
const NONCE_TAG: u32 = 1;

/// Leaf and Apple's intermediate; the root is not sent.
const SHORTEST: usize = 2;

/// Largest object. Real ones have 5 to 6 kB.
const MAX_OBJECT: usize = 64 * 1024;

/// What a chain is judged by.
#[derive(Clone, Copy)]
pub struct Trust<'a> {
    /// The root key that counts.
    pub root: &'a Root,
    /// The time by which terms are judged.
    pub now: Timestamp,
}

/// What one attestation has to be.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// The challenge that was given.
    pub challenge: &'a [u8],
    /// The key that enrols.
    pub key: &'a PublicKey,
    /// The identifier that `generateKey` gave: base64.
    pub key_id: &'a str,
    /// What the organisation asks for.
    pub rules: &'a AppleRules,
}

/// What an organisation asks of Apple's devices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppleRules {
    /// App identifiers, `TEAMID.bundle.id`, that are accepted. None: no such device is.
    #[serde(default)]
    pub app_ids: Vec<String>,
    /// Which of Apple's environments.
    #[serde(default)]
    pub environment: Environment,
}

/// Apple's environments, by the entitlement `com.apple.developer.devicecheck.appattest-environment`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// Apps from the store, TestFlight or an organisation.
    #[default]
    Production,
    /// Apps from Xcode.
    Development,
}

/// What an object vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attested {
    /// The app.
    pub app_id: String,
    /// The environment that it ran in.
    pub environment: Environment,
    /// The digest of App Attest's key, which is its identifier.
    pub key_id: Sha256,
}

/// What an object says of itself, whether or not it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// SHA-256 of the app's identifier.
    pub app_id_sha256: Sha256,
    /// The environment; `None`: one that is unknown here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// How often the key has signed.
    pub counter: u32,
    /// The identifier of the key.
    pub key_id: Sha256,
}

/// Judges an attestation object against all that is expected of it.
pub fn verify(object: &[u8], trust: Trust<'_>, expected: &Expected<'_>) -> Result<Attested, Refusal> {
    let object = Object::read(object)?;
    let hash = client_data_hash(expected.challenge, expected.key);
    let (leaf, data) = object.verify(trust, Some(hash.as_bytes()))?;
    let attested = data.judge(&leaf, expected.rules)?;
    let told = BASE64_STANDARD.decode(expected.key_id).ok();
    if told.as_deref() != Some(attested.key_id.as_bytes()) {
        let saw = format!("told {:?}, the key is {}", expected.key_id, attested.key_id);
        return Err(Refusal::new(Rule::KeyIdentifier, saw));
    }
    Ok(attested)
}

/// Judges an object by itself, whosever app it is of: its chain, its key, and that it is bound to a challenge and the key
/// that enrols, where these are given.
pub fn verify_object(
    object: &[u8],
    trust: Trust<'_>,
    bound_to: Option<(&[u8], &PublicKey)>,
) -> Result<Statement, Refusal> {
    let hash = bound_to.map(|(challenge, key)| client_data_hash(challenge, key));
    let (leaf, data) = Object::read(object)?.verify(trust, hash.as_ref().map(|hash| &hash.as_bytes()[..]))?;
    data.judge_key(&leaf)?;
    Ok(data.statement())
}

/// Reads an object without judging it.
pub fn read_statement(object: &[u8]) -> Result<Statement, Refusal> {
    Ok(AuthData::read(&Object::read(object)?.auth_data)?.statement())
}

fn client_data_hash(challenge: &[u8], key: &PublicKey) -> Sha256 {
    Sha256::of(&[challenge, key.thumbprint().as_bytes()].concat())
}

/// Whether bytes are such an object at all.
pub fn is_object(bytes: &[u8]) -> bool {
    Object::read(bytes).is_ok()
}

/// The CBOR, taken apart.
struct Object {
    chain: Vec<Vec<u8>>,
    auth_data: Vec<u8>,
}

impl Object {
    fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() > MAX_OBJECT {
            return Err(broken(format!("{} bytes, more than {MAX_OBJECT}", bytes.len())));
        }
        let mut object = fields(cbor::read(bytes).map_err(broken)?, "the object")?;
        match take(&mut object, "fmt")? {
            Value::Text(format) if format == "apple-appattest" => {}
            other => return Err(broken(format!("the format is {other:?}, not \"apple-appattest\""))),
        }
        let mut statement = fields(take(&mut object, "attStmt")?, "attStmt")?;
        let chain = take(&mut statement, "x5c")?.into_array().map_err(|_| broken("x5c is no list"))?;
        let chain = chain.into_iter().map(|item| bytes_of(item, "x5c")).collect::<Result<_, _>>()?;
        bytes_of(take(&mut statement, "receipt")?, "receipt")?;
        let auth_data = bytes_of(take(&mut object, "authData")?, "authData")?;
        if let Some((key, _)) = object.first().or(statement.first()) {
            return Err(broken(format!("the member {key:?} is unknown here")));
        }
        Ok(Self { chain, auth_data })
    }

    /// The key of Apple's certificate, and the data that it signed for.
    fn verify(
        &self,
        trust: Trust<'_>,
        client_data_hash: Option<&[u8]>,
    ) -> Result<(PublicKey, AuthData), Refusal> {
        let certificates = chain::read(&self.chain, SHORTEST)?;
        judge_chain(&certificates, trust)?;
        let leaf = certificates.first().ok_or_else(|| Refusal::new(Rule::ChainLength, "no certificate"))?;
        let nonce = nonce(leaf)?;
        if let Some(hash) = client_data_hash
            && nonce != Sha256::of(&[&self.auth_data, hash].concat()).as_bytes()
        {
            return Err(Refusal::new(Rule::Nonce, "the certificate is for another challenge or key"));
        }
        let key = PublicKey::from_spki_der(leaf.public_key().raw)
            .map_err(|_| Refusal::new(Rule::Algorithm, "the attested key is not P-256"))?;
        Ok((key, AuthData::read(&self.auth_data)?))
    }
}

/// Every certificate is Apple's, so every term is judged: the leaf's is of three days, or of a year.
fn judge_chain(certificates: &[X509Certificate<'_>], trust: Trust<'_>) -> Result<(), Refusal> {
    chain::links(certificates, Some(&trust.root.key()?))?;
    for (at, certificate) in certificates.iter().enumerate() {
        chain::critical_extensions(at, certificate)?;
        if at > 0 {
            chain::may_issue(at, certificate, at - 1)?;
        }
        chain::in_term(at, certificate, trust.now)?;
    }
    Ok(())
}

/// `SEQUENCE { [1] EXPLICIT OCTET STRING }`.
fn nonce<'a>(leaf: &'a X509Certificate<'_>) -> Result<&'a [u8], Refusal> {
    let extension = leaf.iter_extensions().find(|extension| extension.oid == NONCE);
    let extension = extension.ok_or_else(|| Refusal::new(Rule::Extension, "the leaf has no nonce"))?;
    let read = || {
        let mut outer = Reader::new(extension.value);
        let mut fields = outer.sequence()?;
        outer.end()?;
        let (tag, mut value) = fields.tagged()?;
        fields.end()?;
        if tag != NONCE_TAG {
            return Err(DerError::Value("another tag than 1"));
        }
        let nonce = value.octets()?;
        value.end().map(|()| nonce)
    };
    read().map_err(|error| broken(format!("nonce: {error}")))
}

type Fields = Vec<(Value, Value)>;

fn fields(value: Value, what: &str) -> Result<Fields, Refusal> {
    value.into_map().map_err(|_| broken(format!("{what} is no map")))
}

fn take(fields: &mut Fields, name: &str) -> Result<Value, Refusal> {
    let at = fields.iter().position(|(key, _)| key.as_text() == Some(name));
    at.map(|at| fields.remove(at).1).ok_or_else(|| broken(format!("{name} is missing")))
}

fn bytes_of(value: Value, what: &str) -> Result<Vec<u8>, Refusal> {
    value.into_bytes().map_err(|_| broken(format!("{what} has no bytes")))
}

fn broken(why: impl Into<String>) -> Refusal {
    Refusal::new(Rule::Encoding, format!("App Attest object: {}", why.into()))
}
