//! The envelope of a report: the claims of a Security Event Token (RFC 8417, section 2.2) and the three that
//! chain it.
//!
//! ```json
//! {"iss":"https://mtd.example/mtd/t1/d/d1","aud":"https://mtd.example/mtd/t1/set","iat":1767225600,
//!  "jti":"<128 random bits>","txn":"<scan>",
//!  "sub_id":{"format":"complex","device":{"format":"opaque","id":"d1"},"tenant":{"format":"opaque","id":"t1"}},
//!  "mtd_epoch":"<enrolment>","mtd_seq":42,"mtd_prev":"<SHA-256 of report 41>","events":{URI:{…}}}
//! ```
//!
//! A report that was too large for its connector is told again in smaller parts at the end of the chain. Each of them
//! names it in `mtd_replaces`, so that the number which never arrives is accounted for.

use std::fmt;
use std::str::FromStr;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::device_report::Part;
use super::event::Event;
use super::strict_json::FORBIDDEN_MEMBER;
use crate::model::{Sha256, Timestamp};

/// The claims of one report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetClaims {
    /// The device, as its connector names it.
    pub iss: String,
    /// The connector.
    pub aud: String,
    /// When the report was made.
    pub iat: Timestamp,
    /// When that happened which is told, where it could be signed only later (RFC 8417, section 2.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toe: Option<Timestamp>,
    /// 128 random bits: receivers drop a second report with the same `iss` and `jti`.
    pub jti: String,
    /// The scan: all reports of one scan share it.
    pub txn: String,
    /// The device and its tenant (RFC 9493).
    pub sub_id: SubjectId,
    /// The enrolment: a new one starts a new chain.
    pub mtd_epoch: String,
    /// Counts the reports of an epoch from 1.
    pub mtd_seq: u64,
    /// The report before this one; absent on the first of an epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtd_prev: Option<ChainLink>,
    /// The report that this one tells a part of, because it was too large to be delivered. Where that was such a part
    /// itself, what it replaced comes first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mtd_replaces: Vec<Replaced>,
    /// The one event that the report tells.
    pub events: Event,
    /// Never present: a token with `sub` could pass for an access token (RFC 8417, section 4.5).
    #[serde(default, skip_serializing)]
    pub sub: Absent,
    /// Never present: what happened does not expire (RFC 8417, section 2.2).
    #[serde(default, skip_serializing)]
    pub exp: Absent,
}

/// Largest `mtd_seq`: what JSON carries without loss (RFC 8259, section 6).
pub const MAX_SEQUENCE: u64 = (1 << 53) - 1;

/// Longest identifier in a report, in bytes. Ours take 22 to 32.
pub const MAX_IDENTIFIER: usize = 256;

/// Whether `text` can be a `jti`, a `txn` or the like: not empty, bounded, and safe to show and to log.
pub fn is_identifier(text: &str) -> bool {
    (1..=MAX_IDENTIFIER).contains(&text.len()) && !text.chars().any(char::is_control)
}

impl SetClaims {
    /// What is wrong with the values, each of the right kind by itself.
    pub(super) fn fault(&self) -> Option<&'static str> {
        if ![&self.jti, &self.txn, &self.mtd_epoch].into_iter().all(|text| is_identifier(text)) {
            return Some("jti, txn and mtd_epoch must be 1 to 256 bytes without control characters");
        }
        if !(1..=MAX_SEQUENCE).contains(&self.mtd_seq) {
            return Some("mtd_seq must be 1 to 2^53 - 1");
        }
        (!self.replaces_in_order()).then_some("mtd_replaces names a report that cannot be before this one")
    }

    /// The number in whose order the report counts: what is told again is as old as what it replaces.
    pub fn stands_for(&self) -> u64 {
        self.mtd_replaces.first().map_or(self.mtd_seq, |first| first.seq)
    }

    /// Whether every report that this one replaces can be one: before it, in order.
    pub fn replaces_in_order(&self) -> bool {
        let numbers: Vec<_> = self.mtd_replaces.iter().map(|it| it.seq).chain([self.mtd_seq]).collect();
        numbers.windows(2).all(|pair| matches!(pair, [before, after] if 0 < *before && before < after))
    }
}

/// A report that was not delivered, because smaller parts of it are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    /// Its number in the same epoch.
    pub seq: u64,
    /// Its token: the report after it links to this.
    pub sha256: ChainLink,
    /// Which part of its scan, or of the report that it replaced, it was: its own parts stand there.
    pub part: Part,
}

/// A claim that must not be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Absent;

impl<'de> Deserialize<'de> for Absent {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom(format_args!("{FORBIDDEN_MEMBER}: a report has neither \"sub\" nor \"exp\"")))
    }
}

/// Whom the report is about (RFC 9493, section 3.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "format", rename_all = "lowercase")]
pub enum SubjectId {
    /// A device of a tenant.
    Complex {
        /// The device.
        device: OpaqueId,
        /// The organisation.
        tenant: OpaqueId,
    },
}

/// An identifier without structure (RFC 9493, section 3.2.7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "format", rename_all = "lowercase")]
pub enum OpaqueId {
    /// The only form.
    Opaque {
        /// The identifier.
        id: String,
    },
}

/// The SHA-256 of a compact JWS. Serialized as base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChainLink(pub Sha256);

impl ChainLink {
    /// The link to `token`.
    pub fn to(token: &str) -> Self {
        Self(Sha256::of(token.as_bytes()))
    }
}

impl fmt::Display for ChainLink {
    /// Base64url without padding.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(self.0.as_bytes()))
    }
}

impl FromStr for ChainLink {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok();
        let digest = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        digest.map(|digest| Self(Sha256::from_bytes(digest))).ok_or("a link is the base64url of 32 bytes")
    }
}

impl Serialize for ChainLink {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ChainLink {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
