//! Sorted tables in the pages: keys of one width, and texts.

use std::cmp::Ordering;

use super::error::BundleError;
use super::layout::{KeySection, Section, TextSection};
use super::pages::Pages;
use crate::intel::value::{Digest, Value, ValueKind};

/// Bytes of an attribution at the end of a record.
const ATTRIBUTION: u64 = 2;
/// An offset, a length, an attribution.
const TEXT_RECORD: u64 = 8;

/// The table of fixed-width keys that `value` is in, and its key.
pub(super) fn key_of(value: &Value) -> Option<(&'static str, Vec<u8>)> {
    let (table, key) = match value {
        Value::Certificate(digest @ Digest::Sha256(_)) => ("certificate_sha256", digest.as_bytes().to_vec()),
        Value::Certificate(digest @ Digest::Sha1(_)) => ("certificate_sha1", digest.as_bytes().to_vec()),
        Value::FileHash(digest @ Digest::Sha256(_)) => ("file_sha256", digest.as_bytes().to_vec()),
        Value::FileHash(digest @ Digest::Sha1(_)) => ("file_sha1", digest.as_bytes().to_vec()),
        Value::FileHash(digest @ Digest::Md5(_)) => ("file_md5", digest.as_bytes().to_vec()),
        Value::Network(network) => {
            ("network", std::iter::once(network.prefix).chain(network.first.to_be_bytes()).collect())
        }
        _ => return None,
    };
    Some((table, key))
}

/// The text of a value that is stored as one.
pub(super) fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::Url(text)
        | Value::AppId(text)
        | Value::SignedApp(text)
        | Value::Process(text)
        | Value::FilePath(text)
        | Value::FileName(text)
        | Value::Profile(text)
        | Value::Email(text)
        | Value::Property(text) => Some(text),
        Value::Domain(_) | Value::Network(_) | Value::Certificate(_) | Value::FileHash(_) => None,
    }
}

/// What texts are sorted by. App identifiers that differ in case only lie side by side.
pub(super) fn folded(kind: ValueKind, text: &str) -> String {
    if kind == ValueKind::AppId { text.to_lowercase() } else { text.to_owned() }
}

/// The attributions of `key`.
pub(super) fn find_key(pages: &Pages, table: &KeySection, key: &[u8]) -> Result<Vec<u16>, BundleError> {
    let (key_len, width) = (u64::from(table.key_len), u64::from(table.key_len) + ATTRIBUTION);
    if key.len() as u64 != key_len {
        return Ok(Vec::new());
    }
    let read = |row: u32| at(pages, &table.records, u64::from(row) * width, width);
    let compare = |row: u32| Ok(read(row)?.get(..key.len()).unwrap_or_default().cmp(key));
    let mut found = Vec::new();
    for row in lower_bound(table.count, compare)?..table.count {
        let record = read(row)?;
        let (stored, attribution) = record.split_at_checked(key.len()).unwrap_or_default();
        if stored != key {
            break;
        }
        found.push(number(attribution)?);
    }
    Ok(found)
}

/// The texts that are `text` but for folding, each with its attribution.
pub(super) fn find_text(
    pages: &Pages,
    table: &TextSection,
    kind: ValueKind,
    text: &str,
) -> Result<Vec<(String, u16)>, BundleError> {
    let wanted = folded(kind, text);
    let read = |row: u32| text_at(pages, table, row);
    let compare = |row: u32| Ok(folded(kind, &read(row)?.0).cmp(&wanted));
    let mut found = Vec::new();
    for row in lower_bound(table.count, compare)?..table.count {
        let (stored, attribution) = read(row)?;
        if folded(kind, &stored) != wanted {
            break;
        }
        found.push((stored, attribution));
    }
    Ok(found)
}

fn text_at(pages: &Pages, table: &TextSection, row: u32) -> Result<(String, u16), BundleError> {
    let record = at(pages, &table.records, u64::from(row) * TEXT_RECORD, TEXT_RECORD)?;
    let (offset, rest) = record.split_first_chunk::<4>().ok_or_else(malformed)?;
    let (len, attribution) = rest.split_first_chunk::<2>().ok_or_else(malformed)?;
    let (offset, len) = (u64::from(u32::from_le_bytes(*offset)), u64::from(u16::from_le_bytes(*len)));
    let text = String::from_utf8(at(pages, &table.texts, offset, len)?).map_err(|_| malformed())?;
    Ok((text, number(attribution)?))
}

fn malformed() -> BundleError {
    BundleError::Malformed("a table has a record that is none".to_owned())
}

fn number(bytes: &[u8]) -> Result<u16, BundleError> {
    Ok(u16::from_le_bytes(*bytes.first_chunk().ok_or_else(malformed)?))
}

/// Bytes of a section.
pub(super) fn at(pages: &Pages, section: &Section, offset: u64, len: u64) -> Result<Vec<u8>, BundleError> {
    let inside = offset.checked_add(len).is_some_and(|end| end <= section.len);
    let start = section.offset.checked_add(offset).filter(|_| inside).ok_or_else(malformed)?;
    pages.read(start, len)
}

/// The first row that does not compare less.
fn lower_bound(
    rows: u32,
    compare: impl Fn(u32) -> Result<Ordering, BundleError>,
) -> Result<u32, BundleError> {
    let (mut low, mut high) = (0, rows);
    while low < high {
        let middle = low + (high - low) / 2;
        match compare(middle)? {
            Ordering::Less => low = middle + 1,
            Ordering::Equal | Ordering::Greater => high = middle,
        }
    }
    Ok(low)
}
