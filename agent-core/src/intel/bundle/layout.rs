//! The fixed parts of a bundle; [`super`] specifies them.

use std::collections::BTreeMap;

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::error::BundleError;
use crate::intel::value::ValueKind;
use crate::model::{OsTables, Severity, ThreatCategory, Timestamp};

/// The format that is written and read.
pub const FORMAT: u32 = 1;

pub(super) const MAGIC: &[u8; 8] = b"MTDINTEL";
/// What the signature covers before the header, so that a signature for another purpose is none here.
pub(super) const CONTEXT: &[u8] = b"mtd-agent intelligence bundle, format 1\0";
pub(super) const SIGNED_LEN: usize = 128;
pub(super) const HEADER_LEN: usize = 192;
/// What is read and verified at once, in bytes: the page of most phones' file systems.
pub(super) const PAGE: usize = 4096;
/// Most pages: 1 GiB, fifty times a bundle of 2.5 million domains.
pub(super) const MAX_PAGES: u32 = 262_144;
/// Largest metadata, in bytes. 65,535 attributions with a reference each are about 14 MB.
pub(super) const MAX_METADATA: u32 = 32 * 1024 * 1024;

/// The head of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) version: u64,
    pub(super) built_at: Timestamp,
    pub(super) file_len: u64,
    pub(super) pages: u32,
    pub(super) metadata_len: u32,
    pub(super) hash_key: [u8; 16],
    pub(super) pages_digest: [u8; 32],
    pub(super) metadata_digest: [u8; 32],
}

impl Header {
    /// The bytes that are signed.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_LEN);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.extend_from_slice(&u32::try_from(PAGE).unwrap_or(0).to_le_bytes());
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&self.built_at.unix().to_le_bytes());
        out.extend_from_slice(&self.file_len.to_le_bytes());
        out.extend_from_slice(&self.pages.to_le_bytes());
        out.extend_from_slice(&self.metadata_len.to_le_bytes());
        out.extend_from_slice(&self.hash_key);
        out.extend_from_slice(&self.pages_digest);
        out.extend_from_slice(&self.metadata_digest);
        out
    }

    /// Reads a header whose signature has been verified.
    pub(super) fn decode(bytes: &[u8; HEADER_LEN]) -> Result<Self, BundleError> {
        let mut rest = Fields(bytes.get(16..).unwrap_or_default());
        let header = Self {
            version: u64::from_le_bytes(rest.take()?),
            built_at: Timestamp::from_unix(i64::from_le_bytes(rest.take()?)),
            file_len: u64::from_le_bytes(rest.take()?),
            pages: u32::from_le_bytes(rest.take()?),
            metadata_len: u32::from_le_bytes(rest.take()?),
            hash_key: rest.take()?,
            pages_digest: rest.take()?,
            metadata_digest: rest.take()?,
        };
        if header.pages > MAX_PAGES || header.metadata_len > MAX_METADATA {
            return Err(BundleError::Malformed("the header names more than the format holds".to_owned()));
        }
        Ok(header)
    }

    /// Where the pages begin.
    pub(super) fn data_offset(&self) -> u64 {
        let before = HEADER_LEN as u64 + 32 * u64::from(self.pages) + u64::from(self.metadata_len);
        before.next_multiple_of(PAGE as u64)
    }

    pub(super) fn expected_len(&self) -> u64 {
        self.data_offset() + u64::from(self.pages) * PAGE as u64
    }
}

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], BundleError> {
        let (field, rest) = self.0.split_first_chunk().ok_or(BundleError::NotABundle)?;
        self.0 = rest;
        Ok(*field)
    }
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}

/// What is said of a match. Many indicators share one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Attribution {
    /// What a match means.
    pub category: ThreatCategory,
    /// The family or tool, as the source names it.
    pub family: String,
    /// Who says so.
    pub source: String,
    /// How bad a match is by default.
    pub severity: Severity,
    /// How sure the source is, 0 to 100 (STIX 2.1, section 3.2, `confidence`); absent where it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<u8>,
    /// Where to read more: a URL, or the identifier of the source's object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// No match before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Timestamp>,
    /// No match from this moment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// For a host name: a public suffix, under which strangers register, so nothing below it matches.
    #[serde(default, skip_serializing_if = "is_false")]
    pub only_itself: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl Attribution {
    /// Whether it holds at `now`.
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.valid_from.is_none_or(|from| from <= now) && self.valid_until.is_none_or(|until| now < until)
    }

    /// Whether the source's word counts as confirmed.
    pub fn is_sure(&self) -> bool {
        self.confidence.is_none_or(|confidence| confidence >= SURE_FROM)
    }
}

/// From this confidence on (of 100) a source's word counts as confirmed, and without any: sources that tell none publish
/// what they are sure of.
const SURE_FROM: u8 = 50;

/// What went into a bundle from one input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceSummary {
    /// The name that its matches give.
    pub name: String,
    /// The format that was recognised.
    pub format: String,
    /// Distinct values in the bundle, by kind. A value of several sources counts in each.
    pub values: BTreeMap<ValueKind, u64>,
    /// Values that it held more than once.
    pub duplicates: u64,
    /// Indicators that are revoked, or that have expired when the bundle was built.
    pub lapsed: u64,
    /// What could not be used.
    pub rejected: u64,
}

/// A run of bytes in the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Section {
    pub(super) offset: u64,
    pub(super) len: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DomainSections {
    pub(super) count: u32,
    pub(super) bucket_bits: u32,
    pub(super) filter: Section,
    pub(super) index: Section,
    pub(super) entries: Section,
}

/// Sorted records of one width: a key, then the attribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeySection {
    pub(super) count: u32,
    pub(super) key_len: u32,
    pub(super) records: Section,
}

/// Sorted records of texts, which lie in a section of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TextSection {
    pub(super) count: u32,
    pub(super) records: Section,
    pub(super) texts: Section,
}

/// The JSON document in a bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Metadata {
    pub(super) sources: Vec<SourceSummary>,
    pub(super) attributions: Vec<Attribution>,
    pub(super) domains: DomainSections,
    pub(super) keys: BTreeMap<String, KeySection>,
    pub(super) texts: BTreeMap<ValueKind, TextSection>,
    /// Lengths of the prefixes that networks have, of 128.
    pub(super) prefixes: Vec<u8>,
    /// Versions of operating systems.
    #[serde(default, skip_serializing_if = "OsTables::is_empty")]
    pub(super) os: OsTables,
    /// The rules of the public suffix list, a line each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) suffixes: Option<Section>,
}
