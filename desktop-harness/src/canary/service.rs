//! What all listeners of one canary share.

use std::net::IpAddr;
use std::sync::Arc;

use agent_core::canary::{
    CanarySigner, Content, ContentReply, Exporter, Nonce, RedirectReply, Reply, Stamp, StampReply, TlsReply,
    sign,
};
use agent_core::model::Sha256;
use agent_core::platform::Clock;

use super::content::Contents;
use super::dns::Zone;

/// Who the canary is, and its pen.
pub struct Service {
    pub name: String,
    pub tls_port: u16,
    pub zone: Option<Zone>,
    pub contents: Contents,
    pub signer: CanarySigner,
    pub clock: Arc<dyn Clock>,
}

/// A request as it arrived.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// Where it came from.
    pub peer: IpAddr,
    /// Its head, to the end of the empty line.
    pub head: &'a [u8],
}

/// What a TLS session is bound by.
#[derive(Clone, Copy)]
pub struct Session {
    pub exporter: Exporter,
    pub client_hello: Sha256,
}

/// A signed reply. `None` only where serde_json fails on numbers and strings, which it does not.
type Signed = Option<String>;

impl Service {
    /// Where HTTPS links lead: the host, and the port unless it is HTTPS's own.
    pub fn authority(&self) -> String {
        authority(&self.name, self.tls_port)
    }

    pub fn sign_session(&self, nonce: Nonce, seen: Seen<'_>, session: &Session) -> Signed {
        self.sign(
            (),
            &TlsReply {
                nonce,
                server_time: self.clock.now(),
                peer: seen.peer,
                tls_exporter: session.exporter,
                client_hello_sha256: session.client_hello,
                request_as_received_sha256: Sha256::of(seen.head),
            },
        )
    }

    pub fn sign_redirect(&self, nonce: Nonce, seen: Seen<'_>, location: &str) -> Signed {
        self.sign(
            (),
            &RedirectReply {
                nonce,
                server_time: self.clock.now(),
                peer: seen.peer,
                request_as_received_sha256: Sha256::of(seen.head),
                location: location.to_owned(),
            },
        )
    }

    pub fn sign_content(&self, kind: Content, nonce: Nonce, seen: Seen<'_>, body: &[u8]) -> Signed {
        self.sign(
            kind,
            &ContentReply {
                nonce,
                server_time: self.clock.now(),
                peer: seen.peer,
                request_as_received_sha256: Sha256::of(seen.head),
                body_sha256: Sha256::of(body),
            },
        )
    }

    pub fn sign_stamp(&self, kind: Stamp, nonce: Nonce, peer: IpAddr) -> Signed {
        self.sign(kind, &StampReply { nonce, server_time: self.clock.now(), peer })
    }

    fn sign<R: Reply>(&self, kind: R::Kind, reply: &R) -> Signed {
        sign(&self.signer, kind, reply).ok()
    }
}

/// A host and a port as URLs have them.
pub fn authority(name: &str, tls_port: u16) -> String {
    match tls_port {
        443 => name.to_owned(),
        port => format!("{name}:{port}"),
    }
}
