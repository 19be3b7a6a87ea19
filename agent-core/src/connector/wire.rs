//! The messages between agent and connector, shared by both sides. Examples: `docs/wire.md`.

use std::fmt;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde::{Deserialize, Serialize};

use super::limits::MAX_DESCRIPTION;
use crate::model::{Level, RiskLevel, Settings, Sha256, SpkiPin, Timestamp};
use crate::platform::KeyAttestation;
use crate::report::jwk::{Jwk, PublicKey};

/// Media type of a pushed report (RFC 8935, section 2.1).
pub const SECEVENT_MEDIA_TYPE: &str = "application/secevent+jwt";
/// Media type of signed settings and decisions (RFC 7519, section 10.3.1).
pub const JWT_MEDIA_TYPE: &str = "application/jwt";
/// Media type of a set of keys (RFC 7517, section 8.5.2).
pub const JWK_SET_MEDIA_TYPE: &str = "application/jwk-set+json";
/// Header of a 202 that carries the receipt.
pub const RECEIPT_HEADER: &str = "mtd-receipt";

/// The header that carries the connector's signature under the refusal of a report.
pub const REFUSAL_HEADER: &str = "mtd-refusal";

/// The digest of a token as receipts and the hash chain write it: base64url of the SHA-256 of the compact JWS.
pub fn token_digest(token: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::of(token.as_bytes()).as_bytes())
}

/// The issuer of everything that the connector signs for a tenant, and the root of the tenant's endpoints.
pub fn connector_issuer(connector_url: &str, tenant: &str) -> String {
    format!("{connector_url}/mtd/{tenant}")
}

/// The issuer of a device's reports, and the root of the device's own endpoints.
pub fn device_issuer(connector_issuer: &str, device_id: &str) -> String {
    format!("{connector_issuer}/d/{device_id}")
}

/// The audience of a device's reports, which is where they are pushed to.
pub fn report_audience(connector_issuer: &str) -> String {
    format!("{connector_issuer}/set")
}

/// The entity tag of settings and of a policy file: strong, because a version never changes its content.
pub fn version_etag(version: u64) -> String {
    format!("\"{version}\"")
}

/// The entity tag of an intelligence bundle: strong, its version and the SHA-256 of the file in hexadecimal.
pub fn file_etag(version: u64, sha256: &str) -> String {
    format!("\"{version}-{sha256}\"")
}

/// The keys that a connector signs with (RFC 7517, section 5), the one in use first: for whoever verifies receipts without
/// being a device. Devices learn keys by enrolment and signed settings alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwkSet {
    /// The keys.
    pub keys: Vec<PublishedKey>,
}

/// One key of a [`JwkSet`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedKey {
    /// The key.
    #[serde(flatten)]
    pub jwk: Jwk,
    /// Its RFC 7638 thumbprint.
    pub kid: String,
    /// Always `sig`.
    #[serde(rename = "use")]
    pub purpose: String,
    /// Always `ES256`.
    pub alg: String,
}

impl JwkSet {
    /// The set of `keys`.
    pub fn of(keys: &[PublicKey]) -> Self {
        let published = |key: &PublicKey| PublishedKey {
            jwk: key.to_jwk(),
            kid: key.thumbprint(),
            purpose: "sig".to_owned(),
            alg: "ES256".to_owned(),
        };
        Self { keys: keys.iter().map(published).collect() }
    }
}

/// What the agent keeps of its enrolment. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// The connector's name for this device.
    pub device_id: String,
    /// The organisation.
    pub tenant: String,
    /// `iss` of this device's reports.
    pub iss: String,
    /// `aud` of this device's reports.
    pub aud: String,
    /// Origin of the connector, without a slash at the end.
    pub connector_url: String,
    /// Keys of which one must be in the connector's certificate chain.
    pub spki_pins: Vec<SpkiPin>,
    /// The key that signs receipts, settings and decisions.
    pub connector_jwk: Jwk,
    /// Identifies this enrolment: a new one starts a new hash chain.
    pub epoch: String,
    /// How the device key is kept, in the word of the wire: that of a `KeyProtection`.
    pub key_protection: String,
    /// RFC 7638 thumbprint of the device key; empty in an enrolment of before keys could change.
    #[serde(default)]
    pub kid: String,
}

impl Enrolment {
    /// The issuer of what the connector signs.
    pub fn connector_issuer(&self) -> String {
        connector_issuer(&self.connector_url, &self.tenant)
    }

    /// The connector as messages name it: host and port.
    pub fn connector_host(&self) -> String {
        self.connector_url.trim_start_matches("https://").to_owned()
    }
}

/// Answer to a request for a challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// To be signed within minutes; opaque to the agent.
    pub challenge: String,
}

/// Request to enrol.
#[derive(Clone, Serialize, Deserialize)]
pub struct EnrolmentRequest {
    /// The one-time token.
    pub token: String,
    /// The device's public key.
    pub jwk: Jwk,
    /// How the private half is kept.
    pub key_protection: String,
    /// The platform's word on that, bound to the challenge; absent where the platform has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<KeyAttestation>,
    /// A JWS of type `mtd-enrolment+jwt` over [`EnrolmentProof`], by the device key.
    pub proof: String,
    /// The same claims by the key that the device enrolled with before: it keeps its name then. Absent where it has none,
    /// or none that still works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
}

/// Shows that the sender holds the private half of the key, now, for this connector and this token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolmentProof {
    /// The enrolment endpoint, so that a proof cannot be passed on to another connector.
    pub aud: String,
    /// The challenge as received.
    pub challenge: String,
    /// The organisation.
    pub tenant: String,
    /// [`token_digest`] of the one-time token.
    pub token_sha256: String,
    /// The RFC 7638 thumbprint of the key that is enrolled: what an old key signs is for this new one alone.
    pub jkt: String,
}

/// Request to take a new key for the old one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyChangeRequest {
    /// The new public key.
    pub jwk: Jwk,
    /// How its private half is kept.
    pub key_protection: String,
    /// The platform's word on that, bound to the challenge; absent where the platform has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<KeyAttestation>,
    /// A JWS of type `mtd-enrolment+jwt` over [`KeyChangeProof`], by the new key.
    pub proof: String,
    /// The same claims by the old key.
    pub authorization: String,
}

/// Shows that the sender holds both keys, now, and which is to follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyChangeProof {
    /// The endpoint, which names the device.
    pub aud: String,
    /// The challenge as received.
    pub challenge: String,
    /// The RFC 7638 thumbprint of the new key.
    pub jkt: String,
}

/// The connector's word that it takes a device's new key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyChangeClaims {
    /// The connector's issuer.
    pub iss: String,
    /// The device's issuer, which names the device.
    pub aud: String,
    /// When it was signed.
    pub iat: Timestamp,
    /// The RFC 7638 thumbprint of the new key.
    pub jkt: String,
}

/// Answer to a successful enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolmentResponse {
    /// The connector's name for the device.
    pub device_id: String,
    /// `iss` of the device's reports.
    pub iss: String,
    /// `aud` of the device's reports.
    pub aud: String,
    /// The key that signs receipts, settings and decisions.
    pub connector_jwk: Jwk,
    /// Identifies the enrolment.
    pub epoch: String,
    /// A JWS of type `mtd-settings+jwt` over [`SettingsClaims`].
    pub settings: String,
}

/// Authenticates a device's request (`Authorization: Bearer`), in the manner of RFC 9449.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestClaims {
    /// The device's issuer.
    pub iss: String,
    /// The connector's issuer.
    pub aud: String,
    /// HTTP method.
    pub htm: String,
    /// Full URL.
    pub htu: String,
    /// When it was made.
    pub iat: Timestamp,
    /// 128 random bits.
    pub jti: String,
}

/// Settings for one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsClaims {
    /// The connector's issuer.
    pub iss: String,
    /// The device's issuer, which names the device.
    pub aud: String,
    /// When they were signed.
    pub iat: Timestamp,
    /// The settings.
    pub settings: Settings,
}

/// An organisation's policy file, the same for all of its devices, and signed once: a version never changes its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyClaims {
    /// The organisation.
    pub tenant: String,
    /// When it was signed.
    pub iat: Timestamp,
    /// The version that the file states.
    pub version: u32,
    /// The file: TOML, as `mtd policy show` documents it.
    pub document: String,
}

/// A decision on one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionClaims {
    /// The connector's issuer.
    pub iss: String,
    /// The device's issuer, which names the device.
    pub aud: String,
    /// When it was signed.
    pub iat: Timestamp,
    /// The decision.
    pub decision: Decision,
}

/// What the connector made of a device's level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The highest level that is let in.
    pub allowed_level: RiskLevel,
    /// The level last reported; absent when the device has not reported since it enrolled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Whether the device is within the allowed level.
    pub compliant: bool,
    /// Why, for a person.
    pub reason: String,
    /// Access to each resource.
    pub resources: Vec<ResourceAccess>,
    /// `mtd_seq` of the newest report that the decision rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seq: Option<u64>,
    /// When it was decided.
    pub decided_at: Timestamp,
}

/// Access to one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceAccess {
    /// Which: `mail`, `files`.
    pub name: String,
    /// Let in or not.
    pub access: Access,
    /// Why, for a person.
    pub reason: String,
}

/// Let in or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Let in.
    Allow,
    /// Kept out.
    Block,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Allow => "allow",
            Self::Block => "block",
        })
    }
}

/// The connector's word that it has stored a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The connector's issuer.
    pub iss: String,
    /// `jti` of the report.
    pub jti: String,
    /// [`token_digest`] of the report.
    pub sha256: String,
    /// `mtd_seq` of the report.
    pub seq: u64,
    /// When it was stored.
    pub iat: Timestamp,
}

/// The connector's word that it refuses a report, and which: without it a proxy that cuts reports off, or says no itself,
/// could have them set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedRefusal {
    /// [`token_digest`] of the report as it came.
    pub sha256: String,
    /// The status that it goes with: 400 or 413.
    pub status: u16,
    /// The body that it goes with; absent with 413.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// When it was refused.
    pub iat: Timestamp,
}

/// The body of a refusal (RFC 8935, section 2.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The kind.
    pub err: RefusalCode,
    /// What was wrong, for a person.
    pub description: String,
}

impl Refusal {
    /// Reads the body of a refusal. The description is cut to a line that is safe to show.
    pub fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok().map(Self::presentable)
    }

    /// The same with the description cut to a line that is safe to show.
    pub fn presentable(self) -> Self {
        Self { description: presentable(&self.description), ..self }
    }
}

/// A text of the other side as one line without control characters, at most [`MAX_DESCRIPTION`] long.
fn presentable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_DESCRIPTION).collect()
}

/// Why a report or a request is refused (RFC 8935, section 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// Not a token, or one with wrong content.
    InvalidRequest,
    /// Signed under a key that is not enrolled.
    InvalidKey,
    /// Not an issuer of this tenant.
    InvalidIssuer,
    /// Not meant for this connector.
    InvalidAudience,
    /// The signature or the proof does not hold.
    AuthenticationFailed,
    /// Known, and not let in.
    AccessDenied,
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidKey => "invalid_key",
            Self::InvalidIssuer => "invalid_issuer",
            Self::InvalidAudience => "invalid_audience",
            Self::AuthenticationFailed => "authentication_failed",
            Self::AccessDenied => "access_denied",
        })
    }
}
