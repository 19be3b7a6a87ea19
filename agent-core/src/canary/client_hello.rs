//! The digest of a TLS ClientHello, from the bytes of the connection.
//!
//! What is hashed: the first handshake message that the client sends, from its type byte (1) and 3-byte length to its
//! end, without the headers of the records that carry it (RFC 8446, sections 4 and 5.1). Records cut and joined
//! differently on the way give the same digest; after a HelloRetryRequest the first ClientHello counts.

use super::limits::{MAX_CLIENT_HELLO, MAX_CLIENT_HELLO_RECORDS};
use crate::model::Sha256;

/// Follows the bytes that a TLS client sends until its ClientHello is complete. Bytes may come in any pieces.
#[derive(Clone, Debug, Default)]
pub struct ClientHelloReader {
    state: State,
    /// The record header in progress.
    header: Vec<u8>,
    /// The handshake message in progress.
    message: Vec<u8>,
    records: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Header,
    Fragment {
        left: usize,
    },
    Complete(Sha256),
    /// No ClientHello, or one over the limits.
    Refused,
}

impl ClientHelloReader {
    /// A reader at the start of a connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes. Those after the ClientHello are ignored.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = match self.state {
                State::Header => self.push_header(bytes),
                State::Fragment { left } => self.push_fragment(left, bytes),
                State::Complete(_) | State::Refused => return,
            };
        }
    }

    /// The digest, once the message is complete.
    pub const fn sha256(&self) -> Option<Sha256> {
        match self.state {
            State::Complete(digest) => Some(digest),
            _ => None,
        }
    }

    fn push_header<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (now, later) = split(bytes, RECORD_HEADER - self.header.len());
        self.header.extend_from_slice(now);
        if let [content_type, major, _minor, high, low] = *self.header.as_slice() {
            self.header.clear();
            self.records += 1;
            let left = usize::from(u16::from_be_bytes([high, low]));
            let acceptable = content_type == HANDSHAKE && major == 3 && (1..=MAX_FRAGMENT).contains(&left);
            self.state = if acceptable && self.records <= MAX_CLIENT_HELLO_RECORDS {
                State::Fragment { left }
            } else {
                State::Refused
            };
        }
        later
    }

    fn push_fragment<'a>(&mut self, left: usize, bytes: &'a [u8]) -> &'a [u8] {
        let (now, later) = split(bytes, left);
        self.message.extend_from_slice(now);
        self.state = match left - now.len() {
            0 => State::Header,
            left => State::Fragment { left },
        };
        self.look_at_message();
        later
    }

    fn look_at_message(&mut self) {
        let [kind, a, b, c, ..] = *self.message.as_slice() else { return };
        let length = MESSAGE_HEADER + u32::from_be_bytes([0, a, b, c]) as usize;
        if kind != CLIENT_HELLO || length > MAX_CLIENT_HELLO {
            self.state = State::Refused;
        } else if let Some(message) = self.message.get(..length) {
            self.state = State::Complete(Sha256::of(message));
        } else {
            return;
        }
        self.message = Vec::new();
    }
}

/// As many bytes as are needed, and the rest.
fn split(bytes: &[u8], needed: usize) -> (&[u8], &[u8]) {
    bytes.split_at_checked(needed).unwrap_or((bytes, &[]))
}

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const RECORD_HEADER: usize = 5;
const MESSAGE_HEADER: usize = 4;
/// RFC 8446, section 5.1.
const MAX_FRAGMENT: usize = 1 << 14;
