//! Certificate Transparency: do enough public logs vouch that they have seen a certificate?
//!
//! ```text
//!  leaf ──precertificate──► TBS without SCTs ─┐
//!    └──► SCT list ──sct──► SCTs ─────────────┴─signature──► each verified or not ──policy──► compliant or not
//! ```
//!
//! The rule is Android's, "Embedded SCTs" of
//! <https://developer.android.com/privacy-and-security/certificate-transparency-policy>, as Conscrypt's `PolicyImpl`
//! carries it out. (An older text also asked for one log with the interface of RFC 6962; the newer does not.)
//!
//! 1. The SCTs come from at least two logs, from three if the certificate lives longer than 180 days.
//! 2. One of these logs at least is qualified, usable or read-only now; the others may have retired since.
//! 3. The logs had at least two operators when they issued the SCTs.
//!
//! An SCT counts if it carries its log's signature over this certificate and its issuer's key (RFC 6962, section 3.2),
//! is not from the future, and comes from a log that takes certificates with this end. One of a retired log counts if
//! the earliest verified SCT of the certificate is no later than the retirement: a log may retire between two SCTs of
//! one issuance. A list of logs is fit to judge by for 70 days from its own timestamp; then Android enforces nothing.
//!
//! Only what is embedded is seen. SCTs in the TLS extension are not: rustls does not ask for them, so no server sends
//! them. SCTs in a stapled OCSP response are not read. Nearly every public authority embeds, and Conscrypt counts no
//! others either. An SCT is a promise: whether the log kept it is not asked.
//!
//! Pure, and safe on any input: a certificate that cannot be taken apart has no SCTs that count.

use std::collections::BTreeSet;
use std::fmt;

use crate::model::{CtLogPhase, Sha256, Timestamp};

pub(super) use logs::Logs;
pub(super) use policy::{assess, is_timely};

mod der;
mod logs;
mod policy;
mod precertificate;
mod sct;
mod signature;

#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;

/// A certificate whose SCTs are to be judged.
pub(super) struct Subject<'a> {
    /// The certificate, DER.
    pub(super) leaf: &'a [u8],
    /// SHA-256 of the SubjectPublicKeyInfo that signed it.
    pub(super) issuer_key: Sha256,
    /// The first moment of its validity.
    pub(super) not_before: Timestamp,
    /// The last moment of its validity.
    pub(super) not_after: Timestamp,
}

/// What the logs say of one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assessment<'a> {
    /// How many logs vouch for it.
    pub(super) logs: usize,
    /// Who operates these.
    pub(super) operators: BTreeSet<&'a str>,
    /// How many logs must vouch for it.
    pub(super) needed: usize,
    /// What it lacks; `None` where it complies.
    pub(super) gap: Option<Gap>,
    /// Each SCT, as embedded.
    pub(super) scts: Vec<Assessed<'a>>,
    /// SCTs beyond those that are looked at.
    pub(super) dropped: usize,
}

/// One SCT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assessed<'a> {
    /// The log that it names; absent where it cannot be read.
    pub(super) log: Option<Sha256>,
    /// What it adds, or why it does not count.
    pub(super) vouching: Result<Vouching<'a>, Flaw>,
}

/// What an SCT that counts adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Vouching<'a> {
    /// Who operated the log when it issued the SCT.
    pub(super) operator: &'a str,
    /// Whether the log has not retired.
    pub(super) is_current: bool,
}

/// Why an SCT does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It is no SCT of version 1.
    Unreadable,
    /// The list has no such log.
    UnknownLog,
    /// It is not signed by the log over this certificate.
    Signature,
    /// The log is not one whose SCTs are taken.
    NotAccepted(Option<CtLogPhase>),
    /// It is from the future.
    Future,
    /// The log retired before.
    Retired(Timestamp),
    /// The log does not take certificates that end when this one does.
    Interval,
}

/// What a certificate lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// It embeds no list of SCTs, or none that can be read.
    NoScts,
    /// Too few logs vouch for it.
    TooFewLogs,
    /// All the logs that vouch for it have one operator.
    OneOperator,
    /// All the logs that vouch for it have retired.
    OnlyRetiredLogs,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => f.write_str("cannot be read"),
            Self::UnknownLog => f.write_str("the log is not in the list"),
            Self::Signature => f.write_str("not signed by the log over this certificate"),
            Self::NotAccepted(Some(phase)) => write!(f, "the log is {phase}"),
            Self::NotAccepted(None) => f.write_str("the list tells no known state of the log"),
            Self::Future => f.write_str("from the future"),
            Self::Retired(moment) => write!(f, "issued after the log retired at {moment}"),
            Self::Interval => f.write_str("the log does not take certificates that end when this one does"),
        }
    }
}
