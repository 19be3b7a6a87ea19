//! Statements of our own making, DER by hand: what is well formed and what is not is up to the test.

use std::collections::BTreeMap;

/// A statement that meets every rule, to be spoilt.
#[derive(Clone)]
pub(super) struct Statement {
    pub(super) version: u64,
    pub(super) level: u8,
    pub(super) keymint_level: u8,
    pub(super) challenge: Vec<u8>,
    /// Content of each explicit tag.
    pub(super) software: BTreeMap<u32, Vec<u8>>,
    pub(super) hardware: BTreeMap<u32, Vec<u8>>,
}

pub(super) const CHALLENGE: &[u8] = b"a challenge of the connector";
pub(super) const PACKAGE: &str = "org.example.mtd";
pub(super) const SIGNER: [u8; 32] = [0x5a; 32];

impl Default for Statement {
    fn default() -> Self {
        Self {
            version: 300,
            level: 1,
            keymint_level: 1,
            challenge: CHALLENGE.to_vec(),
            software: BTreeMap::from([
                (701, integer(1_790_000_000_000)),
                (709, application(&[PACKAGE], &[SIGNER])),
            ]),
            hardware: BTreeMap::from([
                (1, set(&[integer(2)])),
                (2, integer(3)),
                (3, integer(256)),
                (5, set(&[integer(4)])),
                (10, integer(1)),
                (503, vec![5, 0]),
                (702, integer(0)),
                (704, root_of_trust(0xff, 0)),
                (705, integer(160_000)),
                (706, integer(202_609)),
                (718, integer(20_260_905)),
                (719, integer(20_260_905)),
            ]),
        }
    }
}

impl Statement {
    pub(super) fn der(&self) -> Vec<u8> {
        let list = |list: &BTreeMap<u32, Vec<u8>>| {
            let fields: Vec<_> = list.iter().map(|(tag, content)| explicit(*tag, content)).collect();
            tlv(0x30, &fields.concat())
        };
        let fields = [
            integer(self.version),
            tlv(0x0a, &[self.level]),
            integer(self.version),
            tlv(0x0a, &[self.keymint_level]),
            tlv(4, &self.challenge),
            tlv(4, &[]),
            list(&self.software),
            list(&self.hardware),
        ];
        tlv(0x30, &fields.concat())
    }

    pub(super) fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut statement = Self::default();
        change(&mut statement);
        statement
    }
}

pub(super) fn root_of_trust(locked: u8, state: u8) -> Vec<u8> {
    let fields = [tlv(4, &[9; 32]), vec![1, 1, locked], vec![0x0a, 1, state], tlv(4, &[8; 32])];
    tlv(0x30, &fields.concat())
}

pub(super) fn application(packages: &[&str], signers: &[[u8; 32]]) -> Vec<u8> {
    let package = |name: &&str| tlv(0x30, &[tlv(4, name.as_bytes()), integer(7)].concat());
    let packages: Vec<_> = packages.iter().map(package).collect();
    let signers: Vec<_> = signers.iter().map(|digest| tlv(4, digest)).collect();
    tlv(4, &tlv(0x30, &[set(&packages), set(&signers)].concat()))
}

pub(super) fn set(items: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x31, &items.concat())
}

pub(super) fn integer(number: u64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(7);
    let mut digits = bytes[first..].to_vec();
    if digits[0] >= 0x80 {
        digits.insert(0, 0);
    }
    tlv(2, &digits)
}

pub(super) fn explicit(tag: u32, content: &[u8]) -> Vec<u8> {
    let header = match tag {
        0..=30 => vec![0xa0 | tag as u8],
        31..=127 => vec![0xbf, tag as u8],
        _ => vec![0xbf, 0x80 | (tag >> 7) as u8, (tag & 0x7f) as u8],
    };
    [header, length(content.len()), content.to_vec()].concat()
}

pub(super) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    [vec![tag], length(content.len()), content.to_vec()].concat()
}

fn length(length: usize) -> Vec<u8> {
    match length {
        0..=0x7f => vec![length as u8],
        0x80..=0xff => vec![0x81, length as u8],
        _ => vec![0x82, (length >> 8) as u8, length as u8],
    }
}
