//! Chains of certificates that vouch for a key: what Android's and Apple's have in common.
//!
//! Paths are not searched: the chain is taken as it comes, leaf first, each certificate issued by the next. What the
//! last one is under is the caller's concern ([`links`] judges pairs, the caller names the anchor).

use agent_core::model::{Sha256, Timestamp};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::{FromDer as _, ParsedExtension};
use x509_parser::x509::SubjectPublicKeyInfo;

use super::der::{DerError, Reader};
use super::refusal::{Refusal, Rule};

/// Most certificates in a chain. Android's longest have five, six with an attestation key.
const MAX_CHAIN: usize = 8;

/// Largest certificate, in bytes. Real ones are below 2 kB.
const MAX_CERTIFICATE: usize = 16 * 1024;

/// Algorithms of signatures: RSA (PKCS #1, version 1.5) and ECDSA with SHA-2. None has SHA-1.
const SIGNATURES: [&str; 5] = [
    "1.2.840.113549.1.1.11",
    "1.2.840.113549.1.1.12",
    "1.2.840.113549.1.1.13",
    "1.2.840.10045.4.3.2",
    "1.2.840.10045.4.3.3",
];

/// Reads a chain, leaf first. Positions in refusals count from 0, the leaf.
pub fn read<'a>(chain: &'a [Vec<u8>], at_least: usize) -> Result<Vec<X509Certificate<'a>>, Refusal> {
    if !(at_least..=MAX_CHAIN).contains(&chain.len()) {
        let saw = format!("{} certificates, {at_least} to {MAX_CHAIN} are a chain", chain.len());
        return Err(Refusal::new(Rule::ChainLength, saw));
    }
    chain.iter().enumerate().map(|(at, der)| certificate(at, der)).collect()
}

fn certificate(at: usize, der: &[u8]) -> Result<X509Certificate<'_>, Refusal> {
    let broken = |why: String| Refusal::new(Rule::Encoding, format!("certificate {at}: {why}"));
    if der.len() > MAX_CERTIFICATE {
        return Err(broken(format!("{} bytes, more than {MAX_CERTIFICATE}", der.len())));
    }
    unsigned_part(der).map_err(|error| broken(error.to_string()))?;
    let (_, certificate) = X509Certificate::from_der(der).map_err(|error| broken(error.to_string()))?;
    certificate.extensions_map().map_err(|_| broken("has an extension twice".to_owned()))?;
    Ok(certificate)
}

/// That what a signature does not cover has one form (RFC 5280, section 4.1): the certificate's frame, and the algorithm,
/// which is written in the signed part once more.
fn unsigned_part(der: &[u8]) -> Result<(), DerError> {
    let mut outer = Reader::new(der);
    let mut certificate = outer.sequence()?;
    outer.end()?;
    let mut signed = certificate.sequence()?;
    let algorithm = certificate.raw()?;
    certificate.bits()?;
    certificate.end()?;
    let first = signed.raw()?;
    // Version 1 certificates begin with the serial number, others with the version.
    if first.first() == Some(&EXPLICIT_0) {
        signed.raw()?;
    }
    if signed.raw()? != algorithm {
        return Err(DerError::Value("two signature algorithms"));
    }
    Ok(())
}

/// First byte of an element with the tag `[0] EXPLICIT`.
const EXPLICIT_0: u8 = 0xa0;

/// That each certificate is issued and signed by the next one. The last one's issuer is `anchor`, or itself.
pub fn links(
    chain: &[X509Certificate<'_>],
    anchor: Option<&SubjectPublicKeyInfo<'_>>,
) -> Result<(), Refusal> {
    let keys = chain.iter().skip(1).map(|certificate| certificate.public_key()).chain(anchor);
    for (at, (certificate, key)) in chain.iter().zip(keys).enumerate() {
        if let Some(issuer) = chain.get(at + 1)
            && certificate.issuer().as_raw() != issuer.subject().as_raw()
        {
            let saw = format!(
                "certificate {at} is issued by \"{}\", the next is \"{}\"",
                certificate.issuer(),
                issuer.subject()
            );
            return Err(Refusal::new(Rule::Issuer, saw));
        }
        if !SIGNATURES.contains(&certificate.signature_algorithm.algorithm.to_id_string().as_str()) {
            let saw = format!(
                "certificate {at} is signed by the algorithm {}",
                certificate.signature_algorithm.algorithm
            );
            return Err(Refusal::new(Rule::Signature, saw));
        }
        certificate
            .verify_signature(Some(key))
            .map_err(|error| Refusal::new(Rule::Signature, format!("certificate {at}: {error}")))?;
    }
    Ok(())
}

/// That a certificate which issued others may do so (RFC 5280, sections 4.2.1.3 and 4.2.1.9), with `below` more issuers
/// between it and the leaf.
pub fn may_issue(at: usize, certificate: &X509Certificate<'_>, below: usize) -> Result<(), Refusal> {
    let refused = |saw: String| Err(Refusal::new(Rule::Authority, format!("certificate {at} {saw}")));
    let Ok(Some(constraints)) = certificate.basic_constraints() else {
        return refused("has no basic constraints, yet issues".to_owned());
    };
    if !constraints.value.ca {
        return refused("is no authority, yet issues".to_owned());
    }
    if let Some(depth) = constraints.value.path_len_constraint.filter(|depth| (*depth as usize) < below) {
        return refused(format!("may have {depth} authorities below it and has {below}"));
    }
    match certificate.key_usage() {
        Ok(Some(usage)) if !usage.value.key_cert_sign() => refused("may not sign certificates".to_owned()),
        Err(_) => refused("has an unreadable key usage".to_owned()),
        Ok(_) => Ok(()),
    }
}

/// That no critical extension is left unread.
pub fn critical_extensions(at: usize, certificate: &X509Certificate<'_>) -> Result<(), Refusal> {
    let unread = certificate.extensions().iter().find(|extension| {
        let read = matches!(
            extension.parsed_extension(),
            ParsedExtension::BasicConstraints(_) | ParsedExtension::KeyUsage(_)
        );
        extension.critical && !read
    });
    match unread {
        None => Ok(()),
        Some(extension) => {
            let saw = format!(
                "certificate {at} has the critical extension {}, which is unknown here",
                extension.oid
            );
            Err(Refusal::new(Rule::Authority, saw))
        }
    }
}

/// That `now` is within the term of a certificate.
pub fn in_term(at: usize, certificate: &X509Certificate<'_>, now: Timestamp) -> Result<(), Refusal> {
    let validity = certificate.validity();
    let (from, to) = (validity.not_before.timestamp(), validity.not_after.timestamp());
    if (from..=to).contains(&now.unix()) {
        return Ok(());
    }
    let (from, to) = (Timestamp::from_unix(from), Timestamp::from_unix(to));
    Err(Refusal::new(Rule::Validity, format!("certificate {at} is valid from {from} to {to}, it is {now}")))
}

/// Whether the term of a certificate is over at `now`.
pub fn has_ended(certificate: &X509Certificate<'_>, now: Timestamp) -> bool {
    certificate.validity().not_after.timestamp() < now.unix()
}

/// The SHA-256 of a certificate's SubjectPublicKeyInfo, which pins its key whatever the certificate around it.
pub fn key_digest(certificate: &X509Certificate<'_>) -> Sha256 {
    Sha256::of(certificate.public_key().raw)
}

/// The serial number: lower-case hex without leading zeros.
pub fn serial(certificate: &X509Certificate<'_>) -> String {
    let digits: String = certificate.raw_serial().iter().map(|byte| format!("{byte:02x}")).collect();
    digits.trim_start_matches('0').to_owned()
}
