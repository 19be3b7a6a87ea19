//! What a canary signs: one shape a group of kinds.
//!
//! A member that this version does not know is ignored, because it is signed by a pinned key and phones are updated
//! later than servers; a change of meaning gets a new `typ`. A known member that is missing, of another form or there
//! twice is refused.

use std::net::IpAddr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::hex::{Exporter, Nonce};
use crate::model::{Sha256, Timestamp};

/// The members of one kind of reply.
pub trait Reply: Serialize + DeserializeOwned {
    /// What tells the kinds of this shape apart; `()` where there is one.
    type Kind: Copy;

    /// The `typ` of the signed token: every kind has its own.
    fn typ(kind: Self::Kind) -> &'static str;

    /// The nonce of the question that this answers.
    fn nonce(&self) -> Nonce;
}

/// What the process that terminated the agent's TLS session saw of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsReply {
    /// The agent's nonce.
    pub nonce: Nonce,
    /// The canary's clock.
    pub server_time: Timestamp,
    /// The address that the connection came from.
    pub peer: IpAddr,
    /// Keying material of this session under [`EXPORTER_LABEL`](super::EXPORTER_LABEL).
    pub tls_exporter: Exporter,
    /// Digest of the first ClientHello as it arrived; see [`ClientHelloReader`](super::ClientHelloReader).
    pub client_hello_sha256: Sha256,
    /// Digest of the request head as it arrived, to the end of its empty line.
    pub request_as_received_sha256: Sha256,
}

/// A redirect from clear HTTP to HTTPS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedirectReply {
    /// The agent's nonce.
    pub nonce: Nonce,
    /// The canary's clock.
    pub server_time: Timestamp,
    /// The address that the connection came from.
    pub peer: IpAddr,
    /// Digest of the request head as it arrived, to the end of its empty line.
    pub request_as_received_sha256: Sha256,
    /// The `Location` that was sent with status 301.
    pub location: String,
}

/// A reply with a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentReply {
    /// The agent's nonce.
    pub nonce: Nonce,
    /// The canary's clock.
    pub server_time: Timestamp,
    /// The address that the connection came from.
    pub peer: IpAddr,
    /// Digest of the request head as it arrived, to the end of its empty line.
    pub request_as_received_sha256: Sha256,
    /// Digest of the body that was sent. The body of an [`Echo`](Content::Echo) is the request head, so both digests
    /// are one.
    pub body_sha256: Sha256,
}

/// A reply that tells the time and who asked, no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StampReply {
    /// The agent's nonce.
    pub nonce: Nonce,
    /// The canary's clock.
    pub server_time: Timestamp,
    /// The address that the question came from: for DNS usually a resolver's.
    pub peer: IpAddr,
}

/// The kinds of [`ContentReply`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    /// The request head, byte for byte.
    Echo,
    /// An HTML page with forms, links and a script.
    Page,
    /// A script.
    Script,
    /// A PNG image.
    Image,
}

/// The kinds of [`StampReply`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stamp {
    /// Over HTTP.
    Time,
    /// In a TXT record.
    Dns,
}

impl Reply for TlsReply {
    type Kind = ();

    fn typ((): ()) -> &'static str {
        "mtd-canary-tls+jws"
    }

    fn nonce(&self) -> Nonce {
        self.nonce
    }
}

impl Reply for RedirectReply {
    type Kind = ();

    fn typ((): ()) -> &'static str {
        "mtd-canary-redirect+jws"
    }

    fn nonce(&self) -> Nonce {
        self.nonce
    }
}

impl Reply for ContentReply {
    type Kind = Content;

    fn typ(kind: Content) -> &'static str {
        match kind {
            Content::Echo => "mtd-canary-echo+jws",
            Content::Page => "mtd-canary-page+jws",
            Content::Script => "mtd-canary-script+jws",
            Content::Image => "mtd-canary-image+jws",
        }
    }

    fn nonce(&self) -> Nonce {
        self.nonce
    }
}

impl Reply for StampReply {
    type Kind = Stamp;

    fn typ(kind: Stamp) -> &'static str {
        match kind {
            Stamp::Time => "mtd-canary-time+jws",
            Stamp::Dns => "mtd-canary-dns+jws",
        }
    }

    fn nonce(&self) -> Nonce {
        self.nonce
    }
}
