//! What a scan saw of the network, before anybody judges it.
//!
//! One record a probe: what it was aimed at, and each attempt with its outcome. A time-out, a reset or a
//! refused connection is an outcome like any other. The whole is JSON, so that a scan can be recorded, replayed
//! and judged again under other settings; no trust configuration is in it. It holds what peers sent,
//! unredacted: it stays on the device, and only the evidence of a judgement leaves it.

use std::fmt;
use std::net::IpAddr;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

pub use path::{Hop, HopAnswer, PathProbe};
pub use portal::{PortalApiAnswer, PortalApiProbe};

pub use canary::{CanaryProbe, ClearExchange, ClearProbe, ClearQuestion, Question, Raw, TlsExchange};

use super::dns_record::DnsProbe;
use crate::canary::CanarySettings;
use crate::model::{Depth, Fact, NetworkSnapshot, ProbeEndpoint, Sha256, TrustVerdict};

mod canary;
mod path;
mod portal;

/// Everything that one scan saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observations {
    /// What the platform told before anything was measured.
    pub network: NetworkSnapshot,
    /// How much of what the settings name was measured.
    #[serde(default = "everything")]
    pub depth: Depth,
    /// The connectivity checks, in the order of the settings.
    pub captive: Vec<CaptiveProbe>,
    /// The TLS handshakes, in the order of the settings.
    pub tls: Vec<TlsProbe>,
    /// The questions to the canaries, in the order of the settings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub canaries: Vec<CanaryProbe>,
    /// The DNS queries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns: Vec<DnsProbe>,
    /// Handshakes, in a canary's name, with addresses that DNS answered and that are not the right ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns_tls: Vec<TlsProbe>,
    /// The first hops towards some destinations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<PathProbe>,
    /// What the network's captive portal API says (RFC 8908); absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal_api: Option<PortalApiProbe>,
    /// What the platform told of the network once everything was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_after: Option<NetworkSnapshot>,
    /// What measuring cost.
    pub traffic: Traffic,
}

impl Observations {
    /// A record of `network` in which nothing was measured.
    pub const fn of(network: NetworkSnapshot) -> Self {
        Self {
            network,
            depth: Depth::Everything,
            captive: Vec::new(),
            tls: Vec::new(),
            canaries: Vec::new(),
            dns: Vec::new(),
            dns_tls: Vec::new(),
            paths: Vec::new(),
            portal_api: None,
            network_after: None,
            traffic: Traffic { sent: 0, received: 0 },
        }
    }
}

/// What a record was made of before there were tiers.
const fn everything() -> Depth {
    Depth::Everything
}

/// Bytes over TCP and UDP, without their headers and without the system's own name resolution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Bytes sent.
    pub sent: u64,
    /// Bytes received.
    pub received: u64,
}

/// One connectivity check: a URL that answers 204 with no body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptiveProbe {
    /// The URL, as configured.
    pub url: String,
    /// What happened, first attempt first. Only the last can be an answer.
    pub attempts: Vec<Attempt<HttpAnswer>>,
}

/// One TLS endpoint: a handshake that takes any certificate, and nothing after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsProbe {
    /// What was probed.
    pub target: Target,
    /// What happened, first attempt first. Only the last can be an answer.
    pub attempts: Vec<Attempt<Handshake>>,
    /// What happened with an older version, where the attempts failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Fallback<Handshake>>,
    /// What the platform's verifier says of the chain; absent where no chain was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Fact<TrustVerdict>>,
}

impl TlsProbe {
    /// The handshake that was answered, and where: one that offered every version, or else the older one.
    pub fn answer(&self) -> Option<(&Handshake, Option<IpAddr>)> {
        best_answer(&self.attempts, self.fallback.as_ref())
    }
}

/// A closer look at a TLS peer to which no handshake that offers every version got through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fallback<T> {
    /// The handshake that offers TLS 1.2 and nothing newer.
    pub older: Attempt<T>,
    /// The one that offers every version, once more; absent where the older one was not answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again: Option<Attempt<T>>,
}

/// The part of a [`ProbeEndpoint`] that tells it from others; not what is believed of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The host name that the certificate must be valid for, and the SNI.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The address that the settings give, where they give one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// Which network the endpoint is in.
    pub network: String,
}

impl From<&ProbeEndpoint> for Target {
    fn from(endpoint: &ProbeEndpoint) -> Self {
        Self {
            host: endpoint.host.clone(),
            port: endpoint.port,
            address: endpoint.address,
            network: endpoint.network.clone(),
        }
    }
}

impl From<&CanarySettings> for Target {
    fn from(canary: &CanarySettings) -> Self {
        Self {
            host: canary.name.clone(),
            port: canary.tls_port,
            address: canary.addresses.first().copied(),
            network: canary.network.clone(),
        }
    }
}

/// One attempt at a probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt<T> {
    /// The address that was connected to; absent when it did not come to that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
    /// How it ended.
    pub outcome: Outcome<T>,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome<T> {
    /// The peer, or somebody in its place, answered.
    Answered(T),
    /// No answer.
    Failed(Failure),
}

/// Why an attempt brought no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What was under way.
    pub phase: Phase,
    /// What went wrong.
    pub kind: FailureKind,
    /// The same in words, where there is more to say.
    pub detail: String,
}

impl fmt::Display for Failure {
    /// `failed (reset during the TLS handshake: connection reset by peer)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            FailureKind::Configuration => return write!(f, "was not probed ({})", self.detail),
            FailureKind::NameNotResolved => "name not resolved",
            FailureKind::Refused => "refused",
            FailureKind::Unreachable => "unreachable",
            FailureKind::TimedOut | FailureKind::Deadline => "timed out",
            FailureKind::Reset => "reset",
            FailureKind::Closed => "closed early",
            FailureKind::Alert => "TLS alert",
            FailureKind::Certificate => "certificate refused",
            FailureKind::Downgraded => "downgraded from TLS 1.3",
            FailureKind::Protocol => "no valid answer",
            FailureKind::TooLarge => "answer too large",
        };
        let phase = match self.phase {
            Phase::Resolve => "resolving the name",
            Phase::Connect => "connecting",
            Phase::Tls => "the TLS handshake",
            Phase::Http => "the HTTP exchange",
            Phase::Dns => "the DNS query",
            Phase::Path => "following the path",
        };
        write!(f, "failed ({kind} during {phase}: {})", self.detail)
    }
}

/// The stations of an attempt, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Reading the settings and resolving the name.
    Resolve,
    /// The TCP connection.
    Connect,
    /// The TLS handshake.
    Tls,
    /// The HTTP request and response.
    Http,
    /// The DNS query and its answers.
    Dns,
    /// The datagram that should live no longer than to one hop.
    Path,
}

/// What can go wrong with an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The settings name something that cannot be probed.
    Configuration,
    /// The name could not be resolved.
    NameNotResolved,
    /// The connection was refused.
    Refused,
    /// There is no route to the address.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The scan ended first.
    Deadline,
    /// The connection was reset.
    Reset,
    /// The connection was closed early.
    Closed,
    /// The peer ended the handshake with a TLS alert.
    Alert,
    /// The TLS library took offence at the peer's certificate.
    Certificate,
    /// The peer negotiated TLS 1.2 and marked that as a downgrade from TLS 1.3 (RFC 8446, section 4.1.3).
    Downgraded,
    /// The peer does not speak the protocol.
    Protocol,
    /// The answer is larger than is taken.
    TooLarge,
}

impl Failure {
    /// Whether the handshake failed as it does where TLS 1.3 is kept from getting through: the peer was reached, and
    /// it, or somebody in its place, did not go on.
    pub fn may_be_a_downgrade(&self) -> bool {
        let did_not_go_on = match self.kind {
            FailureKind::TimedOut
            | FailureKind::Reset
            | FailureKind::Closed
            | FailureKind::Alert
            | FailureKind::Downgraded
            | FailureKind::Protocol => true,
            FailureKind::Configuration
            | FailureKind::NameNotResolved
            | FailureKind::Refused
            | FailureKind::Unreachable
            | FailureKind::Deadline
            | FailureKind::Certificate
            | FailureKind::TooLarge => false,
        };
        self.phase == Phase::Tls && did_not_go_on
    }
}

impl FailureKind {
    /// Whether another attempt may end otherwise: the packets were lost, not answered.
    pub const fn is_loss(self) -> bool {
        match self {
            Self::NameNotResolved
            | Self::Refused
            | Self::Unreachable
            | Self::TimedOut
            | Self::Reset
            | Self::Closed => true,
            Self::Configuration
            | Self::Deadline
            | Self::Alert
            | Self::Certificate
            | Self::Downgraded
            | Self::Protocol
            | Self::TooLarge => false,
        }
    }
}

/// An HTTP response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpAnswer {
    /// Status code.
    pub status: u16,
    /// The `Location` field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// SHA-256 of the body as far as it was read.
    pub body_sha256: Sha256,
    /// Bytes of the body that were read.
    pub body_len: u64,
    /// Whether the body ended there.
    pub body_complete: bool,
    /// The handshake before it; absent over clear HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handshake: Option<Handshake>,
}

/// A TLS handshake that brought a certificate chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handshake {
    /// The chain as presented, leaf first.
    pub chain: Vec<Certificate>,
    /// Certificates beyond what is kept of one chain.
    #[serde(default)]
    pub certificates_dropped: u64,
    /// Whether the peer holds the leaf's private key.
    pub possession: Possession,
    /// Negotiated version: `TLSv1.3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Negotiated application protocol: `h2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpn: Option<String>,
    /// Why the handshake stopped after the chain; absent when it ran to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<Failure>,
}

/// Whether the peer proved that it holds the leaf's private key, by its signature over the handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Possession {
    /// The signature verifies.
    Proven,
    /// It does not, or there was none.
    Unproven {
        /// What is wrong with it.
        why: String,
    },
}

/// A certificate as it came over the wire: DER, or whatever the peer sent in its place.
///
/// Serialized as base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate(Vec<u8>);

impl Certificate {
    /// A certificate by its bytes, which need not be DER.
    pub const fn from_der(der: Vec<u8>) -> Self {
        Self(der)
    }

    /// The bytes.
    pub fn as_der(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for Certificate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Certificate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BASE64_STANDARD.decode(String::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

/// The answer among `attempts` and where it came from, if one was answered.
pub fn answer<T>(attempts: &[Attempt<T>]) -> Option<(&T, Option<IpAddr>)> {
    attempts.iter().rev().find_map(|attempt| match &attempt.outcome {
        Outcome::Answered(answer) => Some((answer, attempt.address)),
        Outcome::Failed(_) => None,
    })
}

/// The best answer to a probe: of the ordinary attempts, or of the closer look.
fn best_answer<'a, T>(
    attempts: &'a [Attempt<T>],
    fallback: Option<&'a Fallback<T>>,
) -> Option<(&'a T, Option<IpAddr>)> {
    answer(attempts).or_else(|| {
        let Fallback { older, again } = fallback?;
        answer(again.as_slice()).or_else(|| answer(std::slice::from_ref(older)))
    })
}

/// Why the last of `attempts` failed; `None` when one was answered, or none was made.
pub fn failure<T>(attempts: &[Attempt<T>]) -> Option<&Failure> {
    match &attempts.last()?.outcome {
        Outcome::Answered(_) => None,
        Outcome::Failed(failure) => Some(failure),
    }
}
