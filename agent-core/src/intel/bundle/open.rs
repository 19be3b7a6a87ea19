//! Opens a bundle and looks values up in it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use ring::signature::{ED25519, UnparsedPublicKey};

use super::error::BundleError;
use super::layout::{
    Attribution, CONTEXT, FORMAT, HEADER_LEN, Header, MAGIC, Metadata, PAGE, SIGNED_LEN, SourceSummary,
    sha256,
};
use super::names::{ENTRY_LEN, Hasher, filter_words, url_host};
use super::pages::Pages;
use super::tables::{at, find_key, find_text, key_of, text_of};
use crate::intel::value::{Network, Value, ValueKind};
use crate::model::{BundleKey, OsTables, Timestamp};

/// A bundle that has been verified: its head at once, its pages as they are read.
#[derive(Debug)]
pub struct Bundle {
    header: Header,
    metadata: Metadata,
    hasher: Hasher,
    filter: Vec<u64>,
    index: Vec<u32>,
    pages: Pages,
}

/// A stored value that was met, and the row of its attribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::intel) struct Met<'a> {
    /// As the bundle has it.
    pub(in crate::intel) value: String,
    pub(in crate::intel) attribution: &'a Attribution,
}

impl Bundle {
    /// Opens the bundle in `path`, signed by `key`. Reads its head, the filter and the index of host names: about
    /// 1.3 bytes a name.
    pub fn open(path: &Path, key: &BundleKey) -> Result<Self, BundleError> {
        let mut file = File::open(path)?;
        let header = read_header(&mut file, key)?;
        let found = file.metadata()?.len();
        if found != header.file_len || header.file_len != header.expected_len() {
            return Err(BundleError::Length { expected: header.expected_len(), found });
        }
        let digests = read_part(&mut file, header.pages as usize * 32)?;
        if sha256(&digests) != header.pages_digest {
            return Err(BundleError::Damaged("its table of page digests".to_owned()));
        }
        let metadata = read_part(&mut file, header.metadata_len as usize)?;
        if sha256(&metadata) != header.metadata_digest {
            return Err(BundleError::Damaged("its metadata".to_owned()));
        }
        let metadata: Metadata = serde_json::from_slice(&metadata)
            .map_err(|error| BundleError::Malformed(format!("its metadata is not readable ({error})")))?;
        let digests = digests.as_chunks::<32>().0.to_vec();
        let pages = Pages::new(file, header.data_offset(), digests);
        Self::with_parts(header, metadata, pages)
    }

    fn with_parts(header: Header, metadata: Metadata, pages: Pages) -> Result<Self, BundleError> {
        let domains = &metadata.domains;
        let buckets = 1u64.checked_shl(domains.bucket_bits).filter(|_| domains.bucket_bits <= 24);
        let consistent = domains.filter.len.is_multiple_of(8)
            && domains.filter.len >= filter_words(u64::from(domains.count)) * 8
            && buckets.is_some_and(|buckets| domains.index.len == (buckets + 1) * 4)
            && domains.entries.len == u64::from(domains.count) * ENTRY_LEN;
        if !consistent {
            return Err(BundleError::Malformed("the sections of host names do not fit together".to_owned()));
        }
        let filter = pages.read(domains.filter.offset, domains.filter.len)?;
        let index = pages.read(domains.index.offset, domains.index.len)?;
        Ok(Self {
            hasher: Hasher::new(&header.hash_key),
            filter: filter.as_chunks().0.iter().copied().map(u64::from_le_bytes).collect(),
            index: index.as_chunks().0.iter().copied().map(u32::from_le_bytes).collect(),
            header,
            metadata,
            pages,
        })
    }

    /// Reads and verifies every page, for before a bundle is put in force.
    pub fn verify_all(&self) -> Result<(), BundleError> {
        self.pages.verify()
    }

    /// Grows with each bundle of an organisation.
    pub const fn version(&self) -> u64 {
        self.header.version
    }

    /// When it was built.
    pub const fn built_at(&self) -> Timestamp {
        self.header.built_at
    }

    /// Its size, in bytes.
    pub const fn size(&self) -> u64 {
        self.header.file_len
    }

    /// What went in.
    pub fn sources(&self) -> &[SourceSummary] {
        &self.metadata.sources
    }

    /// Versions of operating systems.
    pub const fn os_tables(&self) -> &OsTables {
        &self.metadata.os
    }

    /// The public suffix list, as [`Contents::suffixes`](super::Contents::suffixes); `None` where the bundle has none.
    pub fn suffixes(&self) -> Result<Option<String>, BundleError> {
        let Some(section) = self.metadata.suffixes else { return Ok(None) };
        let rules = at(&self.pages, &section, 0, section.len)?;
        let malformed = || BundleError::Malformed("its public suffix list is not text".to_owned());
        String::from_utf8(rules).map(Some).map_err(|_| malformed())
    }

    /// Pairs of a value and what is said of it, by kind.
    pub fn counts(&self) -> BTreeMap<ValueKind, u64> {
        let mut counts = BTreeMap::new();
        let mut add = |kind, count: u32| *counts.entry(kind).or_insert(0) += u64::from(count);
        add(ValueKind::Domain, self.metadata.domains.count);
        for (table, section) in &self.metadata.keys {
            add(kind_of_table(table), section.count);
        }
        for (kind, section) in &self.metadata.texts {
            add(*kind, section.count);
        }
        counts.retain(|_, count| *count > 0);
        counts
    }

    /// The digest of the head, which names all the rest.
    pub(super) const fn head(&self) -> &Header {
        &self.header
    }

    #[cfg(test)]
    pub(super) const fn metadata_for_tests(&self) -> &Metadata {
        &self.metadata
    }

    /// What is known of exactly this value (and, for an app identifier, of one that differs in case).
    pub(in crate::intel) fn find(&self, value: &Value) -> Result<Vec<Met<'_>>, BundleError> {
        let rows: Vec<(String, u16)> = if let Value::Domain(name) = value {
            self.find_name(name)?.into_iter().map(|row| (name.clone(), row)).collect()
        } else if let Some((table, key)) = key_of(value) {
            let Some(table) = self.metadata.keys.get(table) else { return Ok(Vec::new()) };
            let rows = find_key(&self.pages, table, &key)?;
            rows.into_iter().map(|row| (shown(value), row)).collect()
        } else {
            let Some(table) = self.metadata.texts.get(&value.kind()) else { return Ok(Vec::new()) };
            find_text(&self.pages, table, value.kind(), text_of(value).unwrap_or_default())?
        };
        rows.into_iter().map(|(value, row)| Ok(Met { value, attribution: self.attribution(row)? })).collect()
    }

    /// Every known range that `address` is in.
    pub(in crate::intel) fn find_networks(&self, address: Network) -> Result<Vec<Met<'_>>, BundleError> {
        let mut found = Vec::new();
        for prefix in &self.metadata.prefixes {
            if *prefix <= address.prefix {
                found.extend(self.find(&Value::Network(address.masked(*prefix)))?);
            }
        }
        Ok(found)
    }

    /// Whether `name` may be known: false for all but one in about 30 of the names that are not.
    pub fn may_know(&self, name: &str) -> bool {
        let (word, mask) = self.hasher.hash(name).filter(self.filter.len() as u64);
        let word = usize::try_from(word).ok().and_then(|at| self.filter.get(at));
        word.is_some_and(|word| word & mask == mask)
    }

    /// Whether a URL at `host` may be known, as rarely wrong as [`may_know`](Self::may_know).
    pub(in crate::intel) fn may_know_urls_at(&self, host: &str) -> bool {
        self.may_know(&url_host(host))
    }

    fn find_name(&self, name: &str) -> Result<Vec<u16>, BundleError> {
        if !self.may_know(name) {
            return Ok(Vec::new());
        }
        let (bucket, suffix) = self.hasher.hash(name).split(self.metadata.domains.bucket_bits);
        let bound = |at: u32| self.index.get(at as usize).copied().unwrap_or(0);
        let (from, to) = (u64::from(bound(bucket)), u64::from(bound(bucket + 1)));
        let len = to
            .checked_sub(from)
            .ok_or_else(|| BundleError::Malformed("its index is not sorted".to_owned()))?;
        let bucket = at(&self.pages, &self.metadata.domains.entries, from * ENTRY_LEN, len * ENTRY_LEN)?;
        let mut found = Vec::new();
        for [a, b, c, d, e, low, high] in bucket.as_chunks::<7>().0 {
            if u64::from_le_bytes([*a, *b, *c, *d, *e, 0, 0, 0]) == suffix {
                found.push(u16::from_le_bytes([*low, *high]));
            }
        }
        Ok(found)
    }

    fn attribution(&self, row: u16) -> Result<&Attribution, BundleError> {
        self.metadata
            .attributions
            .get(usize::from(row))
            .ok_or_else(|| BundleError::Malformed(format!("there is no attribution {row}")))
    }
}

fn kind_of_table(table: &str) -> ValueKind {
    match table {
        "certificate_sha1" | "certificate_sha256" => ValueKind::Certificate,
        "network" => ValueKind::Network,
        _ => ValueKind::FileHash,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Network(network) => network.to_string(),
        Value::Certificate(digest) | Value::FileHash(digest) => digest.hex(),
        other => text_of(other).unwrap_or_default().to_owned(),
    }
}

fn read_header(file: &mut File, key: &BundleKey) -> Result<Header, BundleError> {
    let mut start = Vec::with_capacity(HEADER_LEN);
    file.by_ref().take(HEADER_LEN as u64).read_to_end(&mut start)?;
    if !start.starts_with(MAGIC) {
        return Err(BundleError::NotABundle);
    }
    let bytes: &[u8; HEADER_LEN] = match start.first_chunk() {
        Some(bytes) => bytes,
        None => return Err(BundleError::Length { expected: HEADER_LEN as u64, found: start.len() as u64 }),
    };
    let word = |at: usize| {
        start.get(at..at + 4).and_then(<[u8]>::first_chunk).copied().map_or(0, u32::from_le_bytes)
    };
    // Said before the signature is looked at: a later format may well be signed in another way.
    if word(8) != FORMAT || word(12) as usize != PAGE {
        return Err(BundleError::OtherFormat { found: word(8), known: FORMAT });
    }
    let (signed, signature) = bytes.split_at_checked(SIGNED_LEN).ok_or(BundleError::NotABundle)?;
    if !verifies(key, &[CONTEXT, signed].concat(), signature) {
        return Err(BundleError::Signature);
    }
    Header::decode(bytes)
}

/// Whether `signature` is `key`'s over `message` (RFC 8032, section 5.1.7).
pub(super) fn verifies(key: &BundleKey, message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, key.as_bytes()).verify(message, signature).is_ok()
}

/// The next `len` bytes, which the length of the file has been checked to hold.
fn read_part(file: &mut File, len: usize) -> Result<Vec<u8>, BundleError> {
    let mut part = vec![0; len];
    file.read_exact(&mut part)?;
    Ok(part)
}
