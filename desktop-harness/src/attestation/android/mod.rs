//! Android Key Attestation.
//!
//! A chain of certificates, leaf first. The leaf holds the key and the keystore's statement on it; the certificates above
//! are the keystore's and Google's, up to one of Google's root keys. How far a certificate is believed:
//!
//! | certificate | term is judged | must be an authority |
//! |---|---|---|
//! | leaf | no: the device's own clock writes it, 1970 to 2048 or 2106 on real phones | no |
//! | the keystore's, above it | with remote provisioning, where it lasts days or weeks | with remote provisioning; factory keys of real phones say `CA:FALSE` |
//! | those between | with remote provisioning | yes |
//! | root | no: its key is pinned, and two of Google's three certificates for it have expired | yes |
//!
//! A chain from the factory cannot be renewed, and phones outlive it: the first ended in May 2026, and the keystores go on
//! attesting with it. Such a chain is judged by its beginning and by the revocation list, as Google's own verifier does; that it
//! has ended is told ([`Attested::expired`]). It is known by two marks: no certificate names a remote provisioning, and the one
//! under the root is named by a serial number.
//!
//! A key that may sign could issue a certificate with a statement of its own making. So the statement is taken from the
//! certificate nearest the root that has one, and that has to be the leaf. Keys that an app attests with its own attestation
//! key (`ATTEST_KEY`) are refused by that too.

pub mod description;

mod application;
mod authorization;
mod expected;
mod provisioning;
mod revocation;
mod roots;

#[cfg(test)]
#[path = "../tests/android/mod.rs"]
mod tests;

use agent_core::model::{Sha256, Timestamp};
use serde::Serialize;
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::{OID_X509_SERIALNUMBER, Oid, asn1_rs::oid};

use super::chain;
use super::refusal::{Refusal, Rule};

pub use application::{ApplicationId, Package};
pub use authorization::{AuthorizationList, BootState, Bytes, Origin, RootOfTrust};
pub use description::{KeyDescription, SecurityLevel};
pub use expected::{AndroidApp, AndroidRules, Expected, PatchLevel};
pub use provisioning::Provisioning;
pub use revocation::{RevocationList, RevocationListError};
pub use roots::{Roots, RootsError};

/// The extension with the statement.
const KEY_DESCRIPTION: Oid<'static> = oid!(1.3.6.1.4.1.11129.2.1.17);

/// Leaf, keystore, root: software attestation has no more.
const SHORTEST: usize = 3;

/// What a chain is judged by.
#[derive(Clone, Copy)]
pub struct Trust<'a> {
    /// The root keys that count.
    pub roots: &'a Roots,
    /// Google's list of revoked certificates; `None`: not at hand, and told so in [`Attested::revocation_checked`].
    pub revoked: Option<&'a RevocationList>,
    /// The time by which terms are judged.
    pub now: Timestamp,
}

/// What a chain vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attested {
    /// The attested key: DER SubjectPublicKeyInfo.
    #[serde(skip)]
    pub key_spki: Vec<u8>,
    /// SHA-256 of the root's SubjectPublicKeyInfo.
    pub root: Sha256,
    /// How the keystore came by its own key.
    pub provisioning: Provisioning,
    /// Whether a chain from the factory has ended.
    pub expired: bool,
    /// Whether the chain was compared with a revocation list.
    pub revocation_checked: bool,
    /// The statement.
    pub description: KeyDescription,
}

impl Attested {
    /// That the key was attested to `challenge`.
    pub fn is_for(&self, challenge: &[u8]) -> Result<(), Refusal> {
        let told = &self.description.attestation_challenge;
        if told.0 == challenge {
            return Ok(());
        }
        Err(Refusal::new(Rule::Challenge, format!("the key is attested to the challenge {told}")))
    }
}

/// Judges an attestation, DER, leaf first, against all that is expected of it.
pub fn verify(chain: &[Vec<u8>], trust: Trust<'_>, expected: &Expected<'_>) -> Result<Attested, Refusal> {
    let attested = verify_chain(chain, trust)?;
    expected.judge(&attested)?;
    Ok(attested)
}

/// Judges the chain alone and reads its statement: what it says is Google's keystore's word, and may be anything.
pub fn verify_chain(chain: &[Vec<u8>], trust: Trust<'_>) -> Result<Attested, Refusal> {
    let certificates = chain::read(chain, SHORTEST)?;
    let root = judge_root(&certificates, trust.roots)?;
    chain::links(&certificates, certificates.last().map(|certificate| certificate.public_key()))?;
    let provisioning = provisioning::read(&certificates)?;
    judge_authorities(&certificates, provisioning)?;
    let expired = judge_terms(&certificates, provisioning, trust.now)?;
    if let Some(list) = trust.revoked {
        judge_revocation(&certificates, list)?;
    }
    let leaf = stating_leaf(&certificates)?;
    Ok(Attested {
        key_spki: leaf.certificate.public_key().raw.to_vec(),
        root,
        provisioning,
        expired,
        revocation_checked: trust.revoked.is_some(),
        description: KeyDescription::read(leaf.statement)?,
    })
}

/// Reads the statement of a leaf without judging the chain: what an attestation says, whether or not it holds.
pub fn read_statement(chain: &[Vec<u8>]) -> Result<KeyDescription, Refusal> {
    KeyDescription::read(stating_leaf(&chain::read(chain, 1)?)?.statement)
}

fn judge_root(certificates: &[X509Certificate<'_>], roots: &Roots) -> Result<Sha256, Refusal> {
    let digest = certificates.last().map(chain::key_digest);
    match digest {
        Some(digest) if roots.contain(&digest) => Ok(digest),
        Some(digest) => Err(Refusal::new(Rule::Root, format!("the chain ends in the key sha256 {digest}"))),
        None => Err(Refusal::new(Rule::ChainLength, "no certificate")),
    }
}

fn judge_authorities(
    certificates: &[X509Certificate<'_>],
    provisioning: Provisioning,
) -> Result<(), Refusal> {
    for (at, certificate) in certificates.iter().enumerate() {
        chain::critical_extensions(at, certificate)?;
        let is_factory_key = at == 1 && provisioning == Provisioning::Factory;
        if at > 0 && !is_factory_key {
            chain::may_issue(at, certificate, at - 1)?;
        }
    }
    Ok(())
}

/// Whether a chain has ended that may.
fn judge_terms(
    certificates: &[X509Certificate<'_>],
    provisioning: Provisioning,
    now: Timestamp,
) -> Result<bool, Refusal> {
    let between = certificates.len().saturating_sub(2);
    let may_end = provisioning == Provisioning::Factory && names_a_factory(certificates);
    let mut expired = false;
    for (at, certificate) in certificates.iter().enumerate().skip(1).take(between) {
        let has_ended = may_end && chain::has_ended(certificate, now);
        if !has_ended {
            chain::in_term(at, certificate, now)?;
        }
        expired |= has_ended;
    }
    Ok(expired)
}

/// Whether the certificate under the root is named by a serial number: those of remote provisioning have common names.
fn names_a_factory(certificates: &[X509Certificate<'_>]) -> bool {
    let under_the_root = certificates.iter().rev().nth(1);
    under_the_root.is_some_and(|it| it.subject().iter_by_oid(&OID_X509_SERIALNUMBER).next().is_some())
}

fn judge_revocation(certificates: &[X509Certificate<'_>], list: &RevocationList) -> Result<(), Refusal> {
    for (at, certificate) in certificates.iter().enumerate() {
        let serial = chain::serial(certificate);
        if let Some(entry) = list.entry(&serial) {
            let reason = entry.reason.as_deref().unwrap_or("no reason given");
            let saw = format!("certificate {at} (serial {serial}) is {:?}: {reason}", entry.status);
            return Err(Refusal::new(Rule::Revoked, saw));
        }
    }
    Ok(())
}

struct StatingLeaf<'a, 'b> {
    certificate: &'a X509Certificate<'b>,
    statement: &'a [u8],
}

/// The leaf with its statement, which no certificate nearer the root may have.
fn stating_leaf<'a, 'b>(certificates: &'a [X509Certificate<'b>]) -> Result<StatingLeaf<'a, 'b>, Refusal> {
    let statement = |certificate: &'a X509Certificate<'b>| {
        certificate.iter_extensions().find(|extension| extension.oid == KEY_DESCRIPTION)
    };
    let stating = certificates.iter().enumerate().rev();
    let nearest_root = stating.filter_map(|(at, it)| Some((at, it, statement(it)?))).next();
    match nearest_root {
        Some((0, certificate, extension)) => Ok(StatingLeaf { certificate, statement: extension.value }),
        Some((at, ..)) => {
            let saw = format!("certificate {at} has a key description, which is the leaf's alone");
            Err(Refusal::new(Rule::Extension, saw))
        }
        None => Err(Refusal::new(Rule::Extension, "no certificate has a key description")),
    }
}
