//! What a phone shows for its key: an Android chain with its statement, and App Attest's object.

use mtd_fuzz::packed;
use rcgen::CustomExtension;

use crate::certificates::Authority;
use crate::{Seed, seed};

/// `KeyDescription`: Android Key Attestation's extension.
const KEY_DESCRIPTION: &[u64] = &[1, 3, 6, 1, 4, 1, 11129, 2, 1, 17];

/// App Attest's nonce.
const NONCE: &[u64] = &[1, 2, 840, 113635, 100, 8, 2];

pub fn android() -> Vec<Seed> {
    let software =
        list(&[tagged(701, &integer(&[1, 0x9a, 0, 0, 0, 0])), tagged(709, &der(4, &list_of_apps()))]);
    let locked = [der(4, &[7; 32]), der(1, &[0xff]), der(10, &[0]), der(4, &[8; 32])].concat();
    let unlocked = [der(4, &[7; 32]), der(1, &[0]), der(10, &[2]), der(4, &[8; 32])].concat();
    let hardware = |root_of_trust: &[u8]| {
        list(&[
            tagged(1, &der(0x31, &integer(&[2]))),
            tagged(2, &integer(&[3])),
            tagged(3, &integer(&[1, 0])),
            tagged(5, &der(0x31, &integer(&[4]))),
            tagged(10, &integer(&[1])),
            tagged(503, &der(5, &[])),
            tagged(702, &integer(&[0])),
            tagged(704, &der(0x30, root_of_trust)),
            tagged(705, &integer(&[2, 0x22, 0xe0])),
            tagged(706, &integer(&[3, 0x17, 0x6b])),
        ])
    };
    let leaf = |root_of_trust: &[u8], level: u8| {
        let version = integer(&[0, 200]);
        let statement = [
            version.clone(),
            der(10, &[level]),
            version,
            der(10, &[level]),
            der(4, b"challenge"),
            der(4, b""),
            software.clone(),
            hardware(root_of_trust),
        ];
        with(KEY_DESCRIPTION, list(&statement))
    };
    vec![
        seed("trusted-environment", packed([&leaf(&locked, 1)[..], &Authority::root().der])),
        seed("strongbox", packed([&leaf(&locked, 2)[..], &Authority::root().der])),
        seed("unlocked", packed([&leaf(&unlocked, 1)[..], &Authority::root().der])),
        seed("no-statement", packed([&Authority::root().leaf(|_| {})[..], &Authority::root().der])),
    ]
}

pub fn apple() -> Vec<Seed> {
    let nonce = list(&[tagged(1, &der(4, &[9; 32]))]);
    let chain = [with(NONCE, nonce), Authority::root().der];
    let mut auth_data = [&[5; 32][..], &[0x40], &[0; 4], b"appattestdevelop", &[0, 32], &[6; 32]].concat();
    // A COSE key (RFC 9053, section 7.1.1): EC2, ES256, P-256, x, y.
    auth_data.extend([0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21]);
    auth_data.extend([bytes(&[1; 32]), vec![0x22], bytes(&[2; 32])].concat());
    let certificates: Vec<_> = chain.iter().flat_map(|certificate| bytes(certificate)).collect();
    let statement =
        [&[0xa2], &string("x5c")[..], &[0x82], &certificates, &string("receipt"), &bytes(&[3; 9])];
    let object = [
        &[0xa3],
        &string("fmt")[..],
        &string("apple-appattest"),
        &string("attStmt"),
        &statement.concat(),
        &string("authData"),
        &bytes(&auth_data),
    ];
    vec![seed("development", object.concat()), seed("empty-map", [0xa0])]
}

fn with(oid: &[u64], content: Vec<u8>) -> Vec<u8> {
    let extension = || CustomExtension::from_oid_content(oid, content.clone());
    Authority::root().leaf(|params| params.custom_extensions = vec![extension()])
}

/// `AttestationApplicationId`: one package, one signer.
fn list_of_apps() -> Vec<u8> {
    let package = list(&[der(4, b"com.example.app"), integer(&[1])]);
    list(&[der(0x31, &package), der(0x31, &der(4, &[4; 32]))])
}

/// A DER element. Contents stay below 64 KiB.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = match content.len() {
        short @ 0..128 => vec![short as u8],
        long @ 128..256 => vec![0x81, long as u8],
        long => vec![0x82, (long >> 8) as u8, long as u8],
    };
    [&[tag], &length[..], content].concat()
}

fn list(items: &[Vec<u8>]) -> Vec<u8> {
    der(0x30, &items.concat())
}

fn integer(bytes: &[u8]) -> Vec<u8> {
    der(2, bytes)
}

/// An element under an explicit tag of the class "context", constructed.
fn tagged(number: u16, inner: &[u8]) -> Vec<u8> {
    let content = der(0x30, inner).split_off(1);
    let tag = match number {
        0..31 => vec![0xa0 | number as u8],
        _ => vec![0xbf, 0x80 | (number >> 7) as u8, (number & 0x7f) as u8],
    };
    [tag, content].concat()
}

/// A CBOR byte string (RFC 8949).
fn bytes(content: &[u8]) -> Vec<u8> {
    [&[0x59, (content.len() >> 8) as u8, content.len() as u8], content].concat()
}

/// A CBOR text of less than 24 bytes.
fn string(content: &str) -> Vec<u8> {
    [&[0x60 | content.len() as u8], content.as_bytes()].concat()
}
