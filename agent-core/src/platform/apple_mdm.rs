//! Apple MDM: the responses to `ProfileList` and `CertificateList`, which an app on iOS is handed by its organisation, since
//! iOS itself tells no app of profiles or of added roots.
//!
//! Keys and types: `mdm/commands/profile.list.yaml` and `certificate.list.yaml` of Apple's device-management repository.
//! Keys that nothing here stands for are passed over. A list that has a fault is refused whole: the entry that cannot be
//! read may be the one that matters.

use x509_parser::prelude::{FromDer, X509Certificate};

use super::plist_tree::{Node, TreeError, parse};
use crate::model::ConfigurationProfile;

/// Largest response that is read, in bytes. 100 profiles with their signers' certificates are about 1 MB.
const MAX_RESPONSE: usize = 8 * 1024 * 1024;

/// Most profiles, and most certificates. Apple's devices slow down long before.
const MAX_ENTRIES: usize = 1000;

/// Most payloads of one profile.
const MAX_PAYLOADS: usize = 1000;

const PROFILES: &str = "ProfileList";
const CERTIFICATES: &str = "CertificateList";

/// Why a response tells nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MdmError {
    /// More bytes than are read.
    #[error(
        "{list}: the response has {size} bytes, at most {MAX_RESPONSE} are read; give the response to {list} alone"
    )]
    TooLarge {
        /// What was expected.
        list: &'static str,
        /// Its size.
        size: usize,
    },
    /// No property list, or one that no device sends.
    #[error("{list}: not readable as a property list: {why}; give the response as it came from the device")]
    Malformed {
        /// What was expected.
        list: &'static str,
        /// What was met.
        why: TreeError,
    },
    /// The device sent another answer.
    #[error("{list}: there is no such list in the response{status}; send the command {list} again")]
    NoList {
        /// What was expected.
        list: &'static str,
        /// Its `Status`, in words.
        status: String,
    },
    /// An entry is not what Apple says that it is.
    #[error("{place} {why}; the whole list is left out, for it may be this entry that matters")]
    Entry {
        /// Where: `ProfileList[3].PayloadIdentifier`.
        place: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Reads the configuration profiles of a response to `ProfileList`, XML or binary.
pub fn profiles_from_mdm(response: &[u8]) -> Result<Vec<ConfigurationProfile>, MdmError> {
    entries(response, PROFILES)?.iter().enumerate().map(|(index, entry)| profile(index, entry)).collect()
}

/// Reads the certificate authorities of a response to `CertificateList`, XML or binary: DER of those that sign themselves and
/// may issue others. The device's own identities and intermediate authorities are no roots.
pub fn roots_from_mdm(response: &[u8]) -> Result<Vec<Vec<u8>>, MdmError> {
    let mut roots = Vec::new();
    for (index, entry) in entries(response, CERTIFICATES)?.into_iter().enumerate() {
        let place = || format!("{CERTIFICATES}[{index}]");
        let Node::Dictionary(_) = entry else { return Err(not(place(), "a dictionary")) };
        let Some(Node::Data(der)) = entry.get("Data") else { return Err(not(place() + ".Data", "data")) };
        if is_root(der).map_err(|why| MdmError::Entry { place: place() + ".Data", why })? {
            roots.push(der.clone());
        }
    }
    Ok(roots)
}

/// The entries of the list at `list`, which the response must have.
fn entries(response: &[u8], list: &'static str) -> Result<Vec<Node>, MdmError> {
    if response.len() > MAX_RESPONSE {
        return Err(MdmError::TooLarge { list, size: response.len() });
    }
    let mut root = parse(response).map_err(|why| MdmError::Malformed { list, why })?;
    let entries = match root.take(list) {
        Some(Node::List(entries)) => entries,
        Some(_) => return Err(not(list.to_owned(), "a list")),
        None => {
            let status = match root.get("Status") {
                Some(Node::Text(status)) => format!(", whose status is {}", clipped(status)),
                _ => String::new(),
            };
            return Err(MdmError::NoList { list, status });
        }
    };
    if entries.len() > MAX_ENTRIES {
        let why = format!("has {} entries, at most {MAX_ENTRIES} are read", entries.len());
        return Err(MdmError::Entry { place: list.to_owned(), why });
    }
    Ok(entries)
}

fn profile(index: usize, entry: &Node) -> Result<ConfigurationProfile, MdmError> {
    let place = format!("{PROFILES}[{index}]");
    let Node::Dictionary(_) = entry else { return Err(not(place, "a dictionary")) };
    let Some(identifier) = text(entry, &place, "PayloadIdentifier")? else {
        return Err(MdmError::Entry { place, why: "has no PayloadIdentifier".to_owned() });
    };
    let managed = match entry.get("IsManaged") {
        None => None,
        Some(Node::Boolean(managed)) => Some(*managed),
        Some(_) => return Err(not(place + ".IsManaged", "yes or no")),
    };
    let signed = match entry.get("SignerCertificates") {
        None => None,
        Some(Node::List(signers)) => Some(!signers.is_empty()),
        Some(_) => return Err(not(place + ".SignerCertificates", "a list")),
    };
    Ok(ConfigurationProfile {
        identifier,
        name: text(entry, &place, "PayloadDisplayName")?,
        organization: text(entry, &place, "PayloadOrganization")?,
        managed,
        signed,
        payload_types: payload_types(entry, &place)?,
    })
}

fn payload_types(entry: &Node, place: &str) -> Result<Vec<String>, MdmError> {
    let payloads = match entry.get("PayloadContent") {
        None => return Ok(Vec::new()),
        Some(Node::List(payloads)) => payloads,
        Some(_) => return Err(not(format!("{place}.PayloadContent"), "a list")),
    };
    if payloads.len() > MAX_PAYLOADS {
        let why = format!("has {} payloads, at most {MAX_PAYLOADS} are read", payloads.len());
        return Err(MdmError::Entry { place: format!("{place}.PayloadContent"), why });
    }
    let each = payloads.iter().enumerate().map(|(index, payload)| {
        let place = format!("{place}.PayloadContent[{index}]");
        let Some(kind) = text(payload, &place, "PayloadType")? else {
            return Err(MdmError::Entry { place, why: "has no PayloadType".to_owned() });
        };
        Ok(kind)
    });
    each.collect()
}

/// A text that may be absent, and is not empty where it is there.
fn text(entry: &Node, place: &str, key: &str) -> Result<Option<String>, MdmError> {
    match entry.get(key) {
        None => Ok(None),
        Some(Node::Text(text)) if text.trim().is_empty() => Ok(None),
        Some(Node::Text(text)) => Ok(Some(text.clone())),
        Some(_) => Err(not(format!("{place}.{key}"), "a text")),
    }
}

/// Issued by itself, and not forbidden to issue (RFC 5280, section 4.2.1.9; certificates of version 1 do not say).
fn is_root(der: &[u8]) -> Result<bool, String> {
    let (_, certificate) =
        X509Certificate::from_der(der).map_err(|error| format!("is not a certificate: {error}"))?;
    if certificate.subject() != certificate.issuer() {
        return Ok(false);
    }
    let constraints =
        certificate.basic_constraints().map_err(|error| format!("is not a certificate: {error}"))?;
    Ok(constraints.is_none_or(|it| it.value.ca))
}

fn not(place: String, what: &str) -> MdmError {
    MdmError::Entry { place, why: format!("is not {what}") }
}

fn clipped(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests;
