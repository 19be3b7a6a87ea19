//! Shared by the tests of the wire format.

mod client_hello;
mod derived;
mod keys;
mod rfc_8037;
mod target;
mod token;
mod vectors;
mod wycheproof;

use super::*;
use crate::model::{Sha256, Timestamp};

/// The key of RFC 8037, appendix A.1.
const SEED: [u8; 32] = [
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44,
    0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];

const ZONE: &str = "z.canary.example";

fn signer() -> CanarySigner {
    CanarySigner::from_seed(&SEED).unwrap()
}

fn other_signer() -> CanarySigner {
    CanarySigner::from_seed(&[7; 32]).unwrap()
}

fn keys() -> KeySet {
    KeySet::new(vec![signer().public()]).unwrap()
}

fn nonce() -> Nonce {
    "00112233445566778899aabbccddeeff".parse().unwrap()
}

fn tls_reply() -> TlsReply {
    TlsReply {
        nonce: nonce(),
        server_time: Timestamp::from_unix(1_790_000_000),
        peer: "192.0.2.7".parse().unwrap(),
        tls_exporter: Exporter::from_bytes([0x5a; 32]),
        client_hello_sha256: Sha256::of(b"client hello"),
        request_as_received_sha256: Sha256::of(b"request"),
    }
}

fn content_reply() -> ContentReply {
    ContentReply {
        nonce: nonce(),
        server_time: Timestamp::from_unix(1_790_000_000),
        peer: "2001:db8::7".parse().unwrap(),
        request_as_received_sha256: Sha256::of(b"request"),
        body_sha256: Sha256::of(b"body"),
    }
}

fn redirect_reply() -> RedirectReply {
    RedirectReply {
        nonce: nonce(),
        server_time: Timestamp::from_unix(1_790_000_000),
        peer: "192.0.2.7".parse().unwrap(),
        request_as_received_sha256: Sha256::of(b"request"),
        location: "https://canary.example/00112233445566778899aabbccddeeff".to_owned(),
    }
}

fn stamp_reply() -> StampReply {
    StampReply {
        nonce: nonce(),
        server_time: Timestamp::from_unix(1_790_000_000),
        peer: "192.0.2.7".parse().unwrap(),
    }
}
