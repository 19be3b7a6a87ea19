//! Writes a bundle.

use std::collections::{BTreeMap, BTreeSet};

use ring::signature::Ed25519KeyPair;

use super::error::BundleError;
use super::layout::{
    Attribution, CONTEXT, DomainSections, Header, KeySection, MAX_METADATA, MAX_PAGES, Metadata, PAGE,
    Section, SourceSummary, TextSection, sha256,
};
use super::names::{Hashed, Hasher, bucket_bits, filter_words, host_of_url, url_host};
use super::tables::{folded, key_of, text_of};
use crate::intel::value::{Value, ValueKind};
use crate::model::{OsTables, Timestamp};

/// What goes into a bundle.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// Each value, and what is said of it: an index of `attributions`.
    pub values: BTreeSet<(Value, u16)>,
    /// What is said.
    pub attributions: Vec<Attribution>,
    /// For `inspect`.
    pub sources: Vec<SourceSummary>,
    /// Versions of operating systems.
    pub os: OsTables,
    /// The public suffix list (publicsuffix.org/list): its rules, a line each, after the marks of its divisions; empty where
    /// there is none.
    pub suffixes: String,
}

/// The bytes of a bundle, signed by `key`. The same contents give the same bytes.
pub fn encode(
    contents: &Contents,
    version: u64,
    built_at: Timestamp,
    key: &Ed25519KeyPair,
) -> Result<Vec<u8>, BundleError> {
    let hash_key = hash_key(contents);
    let mut data = Vec::new();
    let mut metadata = Metadata {
        sources: contents.sources.clone(),
        attributions: contents.attributions.clone(),
        domains: domains(contents, &hash_key, &mut data)?,
        os: contents.os.clone(),
        ..Metadata::default()
    };
    write_keys(contents, &mut metadata, &mut data)?;
    write_texts(contents, &mut metadata, &mut data)?;
    if !contents.suffixes.is_empty() {
        metadata.suffixes = Some(append(&mut data, contents.suffixes.as_bytes()));
    }
    data.resize(data.len().next_multiple_of(PAGE), 0);

    let digests: Vec<u8> = data.chunks(PAGE).flat_map(sha256).collect();
    let metadata =
        serde_json::to_vec(&metadata).map_err(|error| BundleError::Malformed(error.to_string()))?;
    let mut header = Header {
        version,
        built_at,
        file_len: 0,
        pages: small(data.len() / PAGE, MAX_PAGES, "more than 1 GiB")?,
        metadata_len: small(metadata.len(), MAX_METADATA, "more than 32 MiB of metadata")?,
        hash_key,
        pages_digest: sha256(&digests),
        metadata_digest: sha256(&metadata),
    };
    header.file_len = header.expected_len();
    let mut file = header.encode();
    let signature = key.sign(&[CONTEXT, &file].concat());
    file.extend_from_slice(signature.as_ref());
    file.extend_from_slice(&digests);
    file.extend_from_slice(&metadata);
    file.resize(file.len().next_multiple_of(PAGE), 0);
    file.append(&mut data);
    Ok(file)
}

fn small(number: usize, most: u32, why: &'static str) -> Result<u32, BundleError> {
    u32::try_from(number).ok().filter(|it| *it <= most).ok_or(BundleError::TooLarge(why))
}

fn count(number: usize) -> Result<u32, BundleError> {
    small(number, u32::MAX, "more than 2^32 values of one kind")
}

/// Depends on every name, so that nobody can look for a name that collides with a benign one before the bundle is
/// made, and rebuilding gives the same bytes.
fn hash_key(contents: &Contents) -> [u8; 16] {
    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    for (value, _) in &contents.values {
        if let Value::Domain(name) = value {
            digest.update(name.as_bytes());
            digest.update(b"\n");
        }
    }
    let mut key = [0; 16];
    for (to, from) in key.iter_mut().zip(digest.finish().as_ref()) {
        *to = *from;
    }
    key
}

fn append(data: &mut Vec<u8>, bytes: &[u8]) -> Section {
    let section = Section { offset: data.len() as u64, len: bytes.len() as u64 };
    data.extend_from_slice(bytes);
    section
}

fn domains(contents: &Contents, key: &[u8; 16], data: &mut Vec<u8>) -> Result<DomainSections, BundleError> {
    let hasher = Hasher::new(key);
    let names = contents.values.iter().filter_map(|(value, attribution)| match value {
        Value::Domain(name) => Some((hasher.hash(name), *attribution)),
        _ => None,
    });
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names.dedup();

    let count = count(names.len())?;
    let bits = bucket_bits(count);
    let filter = filter(&names, &url_hosts(contents, &hasher));
    let mut sizes = vec![0u32; 1 << bits];
    let mut entries = Vec::with_capacity(names.len() * 7);
    for (hashed, attribution) in names {
        let (bucket, suffix) = hashed.split(bits);
        if let Some(size) = sizes.get_mut(bucket as usize) {
            *size += 1;
        }
        entries.extend(suffix.to_le_bytes().iter().take(5));
        entries.extend_from_slice(&attribution.to_le_bytes());
    }
    let mut end = 0;
    let ends = sizes.iter().map(|size| {
        end += size;
        end
    });
    let index: Vec<u8> = std::iter::once(0).chain(ends).flat_map(u32::to_le_bytes).collect();
    Ok(DomainSections {
        count,
        bucket_bits: bits,
        filter: append(data, &filter),
        index: append(data, &index),
        entries: append(data, &entries),
    })
}

fn url_hosts(contents: &Contents, hasher: &Hasher) -> BTreeSet<Hashed> {
    let hosts = contents.values.iter().filter_map(|(value, _)| match value {
        Value::Url(key) => Some(hasher.hash(&url_host(host_of_url(key)))),
        _ => None,
    });
    hosts.collect()
}

fn filter(names: &[(Hashed, u16)], url_hosts: &BTreeSet<Hashed>) -> Vec<u8> {
    let words = filter_words(names.len() as u64 + url_hosts.len() as u64);
    let mut filter = vec![0u64; usize::try_from(words).unwrap_or(0)];
    for hashed in names.iter().map(|(hashed, _)| hashed).chain(url_hosts) {
        let (word, mask) = hashed.filter(words);
        if let Some(word) = usize::try_from(word).ok().and_then(|at| filter.get_mut(at)) {
            *word |= mask;
        }
    }
    filter.into_iter().flat_map(u64::to_le_bytes).collect()
}

fn write_keys(contents: &Contents, metadata: &mut Metadata, data: &mut Vec<u8>) -> Result<(), BundleError> {
    let mut tables: BTreeMap<&'static str, BTreeSet<(Vec<u8>, u16)>> = BTreeMap::new();
    let mut prefixes = BTreeSet::new();
    for (value, attribution) in &contents.values {
        if let Some((table, key)) = key_of(value) {
            tables.entry(table).or_default().insert((key, *attribution));
        }
        if let Value::Network(network) = value {
            prefixes.insert(network.prefix);
        }
    }
    metadata.prefixes = prefixes.into_iter().collect();
    for (table, rows) in tables {
        let key_len = count(rows.first().map_or(0, |(key, _)| key.len()))?;
        let mut records = Vec::new();
        let rows_count = count(rows.len())?;
        for (key, attribution) in rows {
            records.extend_from_slice(&key);
            records.extend_from_slice(&attribution.to_le_bytes());
        }
        let records = append(data, &records);
        metadata.keys.insert(table.to_owned(), KeySection { count: rows_count, key_len, records });
    }
    Ok(())
}

fn write_texts(contents: &Contents, metadata: &mut Metadata, data: &mut Vec<u8>) -> Result<(), BundleError> {
    let mut tables: BTreeMap<ValueKind, BTreeSet<(String, &str, u16)>> = BTreeMap::new();
    for (value, attribution) in &contents.values {
        if let Some(text) = text_of(value) {
            let row = (folded(value.kind(), text), text, *attribution);
            tables.entry(value.kind()).or_default().insert(row);
        }
    }
    for (kind, rows) in tables {
        let (mut records, mut texts) = (Vec::new(), Vec::new());
        let rows_count = count(rows.len())?;
        for (_, text, attribution) in rows {
            records.extend_from_slice(&count(texts.len())?.to_le_bytes());
            let len = u16::try_from(text.len()).map_err(|_| BundleError::TooLarge("a text of 64 KiB"))?;
            records.extend_from_slice(&len.to_le_bytes());
            records.extend_from_slice(&attribution.to_le_bytes());
            texts.extend_from_slice(text.as_bytes());
        }
        let (records, texts) = (append(data, &records), append(data, &texts));
        metadata.texts.insert(kind, TextSection { count: rows_count, records, texts });
    }
    Ok(())
}
