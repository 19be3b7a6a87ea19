//! Offline verification of many reports: each by itself, and the chain that they make.
//!
//! Tokens may be given in any order and need not be all of a chain. Whatever is out of the ordinary is told in
//! words, with whether it is a fault: a chain without faults has no hole, no fork and no way back between its
//! first and its last token.

mod judge;
mod words;

use std::collections::BTreeMap;

use serde::Serialize;

use super::claims::SetClaims;
use super::jwk::PublicKey;
use super::jws::VerifyError;
use super::verify::{Expected, verify_report};
use crate::model::{ReportKind, Timestamp};
pub use judge::{ChainedReport, judge_chain};

/// Verifies every token under the device's one key, and the chains of those that verify.
pub fn verify_chain(tokens: &[&str], key: &PublicKey, expected: Expected<'_>) -> ChainReport {
    verify_rotated_chain(tokens, std::slice::from_ref(key), expected)
}

/// Verifies every token under the key that it names among `keys`, which the device had one after the other, oldest
/// first, and the chains of those that verify.
pub fn verify_rotated_chain(tokens: &[&str], keys: &[PublicKey], expected: Expected<'_>) -> ChainReport {
    let mut epochs: BTreeMap<String, Vec<ChainedReport>> = BTreeMap::new();
    let mut verify = |token: &str| {
        let (generation, claims) = verify_under_any(token, keys, expected)?;
        let link = ChainedReport::of(token, &claims, generation);
        epochs.entry(claims.mtd_epoch.clone()).or_default().push(link);
        Ok(Verified::of(&claims))
    };
    let tokens = tokens.iter().map(|token| verify(token).into()).collect();
    ChainReport { tokens, epochs: judged(epochs) }
}

fn verify_under_any(
    token: &str,
    keys: &[PublicKey],
    expected: Expected<'_>,
) -> Result<(usize, SetClaims), VerifyError> {
    let mut refused = VerifyError::UnknownKey(String::new());
    for (generation, key) in keys.iter().enumerate() {
        match verify_report(token, key, expected) {
            Ok(claims) => return Ok((generation, claims)),
            Err(error) => refused = error,
        }
        if !matches!(refused, VerifyError::UnknownKey(_)) {
            break;
        }
    }
    Err(refused)
}

fn judged(epochs: BTreeMap<String, Vec<ChainedReport>>) -> Vec<EpochReport> {
    let mut epochs: Vec<_> = epochs.into_iter().map(|(epoch, links)| judge_chain(epoch, links)).collect();
    epochs.sort_by_key(|epoch| epoch.begins_at);
    epochs
}

/// What was found, token by token and epoch by epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChainReport {
    /// One entry a token, in the order given.
    pub tokens: Vec<TokenReport>,
    /// The chains, by the time of their earliest report.
    pub epochs: Vec<EpochReport>,
}

impl ChainReport {
    /// Whether every token verifies and no chain has a fault.
    pub fn is_sound(&self) -> bool {
        self.tokens.iter().all(|token| matches!(token, TokenReport::Verified(_)))
            && self.epochs.iter().flat_map(|epoch| &epoch.problems).all(|problem| !problem.fault)
    }
}

/// What was found of one token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum TokenReport {
    /// It verifies.
    Verified(Verified),
    /// It does not.
    Refused {
        /// [`VerifyError::rule`].
        rule: &'static str,
        /// The error in words.
        why: String,
    },
}

impl From<Result<Verified, VerifyError>> for TokenReport {
    fn from(result: Result<Verified, VerifyError>) -> Self {
        match result {
            Ok(verified) => Self::Verified(verified),
            Err(error) => Self::Refused { rule: error.rule(), why: error.to_string() },
        }
    }
}

/// A verified token, by what tells it from others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// What it tells.
    pub kind: ReportKind,
    /// `jti`.
    pub jti: String,
    /// `iat`.
    pub iat: Timestamp,
    /// `txn`.
    pub txn: String,
    /// `mtd_epoch`.
    pub epoch: String,
    /// `mtd_seq`.
    pub seq: u64,
}

impl Verified {
    fn of(claims: &SetClaims) -> Self {
        Self {
            kind: claims.events.kind(),
            jti: claims.jti.clone(),
            iat: claims.iat,
            txn: claims.txn.clone(),
            epoch: claims.mtd_epoch.clone(),
            seq: claims.mtd_seq,
        }
    }
}

/// The chain of one enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EpochReport {
    /// `mtd_epoch`.
    pub epoch: String,
    /// The lowest number given.
    pub first: u64,
    /// The highest number given.
    pub last: u64,
    /// The earliest `iat`.
    pub begins_at: Timestamp,
    /// How many different tokens were given.
    pub reports: usize,
    /// What is out of the ordinary, in order of number.
    pub problems: Vec<ChainProblem>,
}

/// One thing that is out of the ordinary in a chain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ChainProblem {
    /// The number at which it shows.
    pub seq: u64,
    /// What it is.
    pub kind: ProblemKind,
    /// [`ProblemKind::is_fault`].
    pub fault: bool,
    /// What was seen, what it means, and what an administrator does about it.
    pub why: String,
}

/// The kinds of [`ChainProblem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// The same bytes were given twice.
    Duplicate,
    /// The first report of the epoch was not given.
    StartsLate,
    /// A report is dated before its predecessor.
    ClockBackwards,
    /// A report was too large, and is told again in smaller parts further on.
    Replaced,
    /// Reports are missing between two others.
    Gap,
    /// Two different reports have one number.
    Fork,
    /// Two different reports with different numbers link to one report.
    SharedLink,
    /// Two different reports have one `jti`.
    ReusedJti,
    /// A report links to another one than its predecessor.
    Regression,
    /// A report links to nothing that was given, although its predecessor was.
    BrokenLink,
    /// A report is under a key that another had taken the place of before.
    RetiredKey,
}

impl ProblemKind {
    /// Whether it must not happen on a device that works and is what it was, or hides reports.
    pub const fn is_fault(self) -> bool {
        match self {
            Self::Duplicate | Self::StartsLate | Self::ClockBackwards | Self::Replaced => false,
            Self::Gap
            | Self::Fork
            | Self::SharedLink
            | Self::ReusedJti
            | Self::Regression
            | Self::BrokenLink
            | Self::RetiredKey => true,
        }
    }
}
