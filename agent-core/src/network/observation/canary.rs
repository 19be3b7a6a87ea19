//! What was asked of a canary and what came back: raw, beside what this device sent, so that the signatures and
//! the differences can be judged again at any time.

use std::fmt;
use std::net::IpAddr;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{Attempt, Fallback, Handshake, Outcome, Target, best_answer};
use crate::canary::{Content, Exporter, Nonce, Resource};
use crate::model::{Fact, Sha256, TrustVerdict};

/// One canary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CanaryProbe {
    /// Which one: its name, its TLS port and the first of its addresses.
    pub target: Target,
    /// The question over TLS, first attempt first. Only the last can be a whole answer; one before it is a handshake
    /// whose response was lost.
    pub tls: Vec<Attempt<TlsExchange>>,
    /// What happened with an older version, where the attempts failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Fallback<TlsExchange>>,
    /// What the platform's verifier says of the chain; absent where no chain was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Fact<TrustVerdict>>,
    /// The questions over clear HTTP; empty for a canary that has none.
    #[serde(default)]
    pub clear: Vec<ClearProbe>,
}

impl CanaryProbe {
    /// The exchange over TLS that was answered, and where: as [`TlsProbe::answer`](super::TlsProbe::answer).
    pub fn answer(&self) -> Option<(&TlsExchange, Option<IpAddr>)> {
        best_answer(&self.tls, self.fallback.as_ref())
    }
}

/// One question over TLS, under any certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsExchange {
    /// The handshake, as of any other endpoint.
    pub handshake: Handshake,
    /// Keying material of the session at this end; absent when the handshake did not run to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exporter: Option<Exporter>,
    /// Digest of the ClientHello that was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_hello_sha256: Option<Sha256>,
    /// The question.
    pub question: Question,
    /// The response.
    pub response: Outcome<Raw>,
}

/// One kind of question over clear HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClearProbe {
    /// What was asked for.
    pub asked: ClearQuestion,
    /// What happened, first attempt first. Only the last can be an answer.
    pub attempts: Vec<Attempt<ClearExchange>>,
}

/// One question over clear HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClearExchange {
    /// The question.
    pub question: Question,
    /// The response.
    pub response: Raw,
}

/// A request as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its nonce, used once.
    pub nonce: Nonce,
    /// The head, byte for byte.
    pub request: Raw,
}

/// What is asked for over clear HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClearQuestion {
    /// The redirect to HTTPS.
    Redirect,
    /// The page.
    Page,
    /// The script.
    Script,
    /// The image.
    Image,
    /// The request itself, its header names in odd case.
    Echo,
    /// The same, its first line no request line of HTTP.
    OddEcho,
}

impl ClearQuestion {
    /// Every question.
    pub const ALL: [Self; 6] =
        [Self::Redirect, Self::Page, Self::Script, Self::Image, Self::Echo, Self::OddEcho];

    /// What the canary serves for it.
    pub const fn resource(self) -> Resource {
        match self.content() {
            Some(content) => Resource::Content(content),
            None => Resource::Root,
        }
    }

    /// The kind of content; `None` for the redirect.
    pub const fn content(self) -> Option<Content> {
        match self {
            Self::Redirect => None,
            Self::Page => Some(Content::Page),
            Self::Script => Some(Content::Script),
            Self::Image => Some(Content::Image),
            Self::Echo | Self::OddEcho => Some(Content::Echo),
        }
    }
}

impl fmt::Display for ClearQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Redirect => "redirect",
            Self::Page => "page",
            Self::Script => "script",
            Self::Image => "image",
            Self::Echo => "echo",
            Self::OddEcho => "echo of an odd request",
        })
    }
}

/// Bytes as they went over the wire. Serialized as base64.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raw(Vec<u8>);

impl Raw {
    /// These bytes.
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BASE64_STANDARD.decode(String::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}
