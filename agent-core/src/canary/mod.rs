//! What an agent and its canary say to each other: names, signed replies, derivable DNS answers.
//!
//! A canary is a small server of the organisation that tells, under a signature, what of a request reached it.
//! What differs from what was sent was changed on the way. This module is the format only, for both sides and for
//! the analysis: it does no I/O and reads no clock. The server is in `desktop-harness`, the client in
//! [`network`](crate::network); `docs/canary.md` is the specification with test vectors.
//!
//! Every reply is a compact JWS (RFC 7515) under Ed25519 (RFC 8037) whose `typ` names the kind of reply, so that
//! none is taken for another:
//!
//! ```text
//! base64url({"alg":"EdDSA","typ":"mtd-canary-tls+jws","kid":"<RFC 7638 thumbprint>"}) . base64url(members) . base64url(signature)
//! ```

mod client_hello;
mod derived;
mod hex;
mod keys;
mod limits;
mod reply;
mod settings;
mod target;
mod token;

#[cfg(test)]
mod tests;

pub use client_hello::ClientHelloReader;
pub use derived::{address_v4, address_v6, nonce_name, nonce_of_name, token_of_txt, txt_strings};
pub use hex::{Exporter, Nonce, ParseHexError};
pub use keys::{CanaryKey, CanarySigner, InvalidCanaryKey, KeySet};
pub use limits::{MAX_BODY, MAX_REQUEST_HEAD, MAX_TOKEN};
pub use reply::{Content, ContentReply, RedirectReply, Reply, Stamp, StampReply, TlsReply};
pub use settings::CanarySettings;
pub use target::{Resource, echo_nonce};
pub use token::{VerifyError, sign, verify};

/// The label of the TLS exporter (RFC 8446, section 7.5; no context) that a [`TlsReply`] tells.
pub const EXPORTER_LABEL: &[u8] = b"EXPORTER-mtd-canary";

/// The HTTP header that carries a signed reply.
pub const REPLY_HEADER: &str = "Mtd-Canary";

/// The path of DNS over HTTPS (RFC 8484) on the TLS port.
pub const DOH_PATH: &str = "/dns-query";

/// The path that answers 204 with no body, over clear HTTP and over TLS.
pub const NO_CONTENT_PATH: &str = "/generate_204";
