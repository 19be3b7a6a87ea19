//! Offline verification of many reports: each by itself, and the chain that they make.
//!
//! Tokens may be given in any order and need not be all of a chain. Whatever is out of the ordinary is told in
//! words, with whether it is a fault: a chain without faults has no hole, no fork and no way back between its
//! first and its last token.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::claims::{ChainLink, SetClaims};
use super::jwk::PublicKey;
use super::jws::VerifyError;
use super::verify::{Expected, verify_report};
use crate::model::{ReportKind, Timestamp};

/// Verifies every token, and the chains of those that verify.
pub fn verify_chain(tokens: &[&str], key: &PublicKey, expected: Expected<'_>) -> ChainReport {
    let mut epochs: BTreeMap<String, Vec<Link>> = BTreeMap::new();
    let mut verify = |token: &str| {
        let claims = verify_report(token, key, expected)?;
        epochs.entry(claims.mtd_epoch.clone()).or_default().push(Link::of(token, &claims));
        Ok(Verified::of(&claims))
    };
    let tokens = tokens.iter().map(|token| verify(token).into()).collect();
    let mut epochs: Vec<_> = epochs.into_iter().map(|(epoch, links)| judge(epoch, links)).collect();
    epochs.sort_by_key(|epoch| epoch.begins_at);
    ChainReport { tokens, epochs }
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
    /// What it means, in words.
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
    /// Two different reports have one `jti`.
    ReusedJti,
    /// A report links to another one than its predecessor.
    Regression,
    /// A report links to nothing that was given, although its predecessor was.
    BrokenLink,
}

impl ProblemKind {
    /// Whether it must not happen on a device that works and is what it was, or hides reports.
    pub const fn is_fault(self) -> bool {
        match self {
            Self::Duplicate | Self::StartsLate | Self::ClockBackwards | Self::Replaced => false,
            Self::Gap | Self::Fork | Self::ReusedJti | Self::Regression | Self::BrokenLink => true,
        }
    }
}

/// A verified token as a link of its chain.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Link {
    seq: u64,
    digest: ChainLink,
    prev: Option<ChainLink>,
    iat: Timestamp,
    jti: String,
    replaces: Vec<(u64, ChainLink)>,
}

impl Link {
    fn of(token: &str, claims: &SetClaims) -> Self {
        Self {
            seq: claims.mtd_seq,
            digest: ChainLink::to(token),
            prev: claims.mtd_prev,
            iat: claims.iat,
            jti: claims.jti.clone(),
            replaces: claims.mtd_replaces.iter().map(|it| (it.seq, it.sha256)).collect(),
        }
    }

    fn problem(&self, kind: ProblemKind, why: String) -> ChainProblem {
        ChainProblem { seq: self.seq, kind, fault: kind.is_fault(), why }
    }
}

fn judge(epoch: String, mut links: Vec<Link>) -> EpochReport {
    links.sort();
    let mut problems = duplicates(&links);
    links.dedup();
    let replaced = Replacements::of(&links);
    problems.extend(replaced.told(&links));
    problems.extend(starts_late(&links, &replaced));
    problems.extend(links.windows(2).flat_map(|pair| neighbours(pair, &replaced)));
    problems.extend(reused_ids(&links));
    problems.extend(broken_links(&links, &replaced));
    problems.sort();

    EpochReport {
        epoch,
        first: links.first().map_or(0, |link| link.seq),
        last: links.last().map_or(0, |link| link.seq),
        begins_at: links.iter().map(|link| link.iat).min().unwrap_or(Timestamp::from_unix(0)),
        reports: links.len(),
        problems,
    }
}

fn duplicates(links: &[Link]) -> Vec<ChainProblem> {
    let again = links.windows(2).filter_map(|pair| match pair {
        [one, other] if one == other => Some(other),
        _ => None,
    });
    again
        .map(|link| {
            let why =
                format!("report {} was given twice, byte for byte the same: it was sent again", link.seq);
            link.problem(ProblemKind::Duplicate, why)
        })
        .collect()
}

/// The reports that others replace, by number, with the digests that these give.
struct Replacements(BTreeMap<u64, BTreeSet<ChainLink>>);

impl Replacements {
    fn of(links: &[Link]) -> Self {
        let mut replaced: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (seq, digest) in links.iter().flat_map(|link| &link.replaces) {
            replaced.entry(*seq).or_default().insert(*digest);
        }
        Self(replaced)
    }

    /// How many numbers from `first` to `last`, both excluded, are neither given nor replaced.
    fn missing_between(&self, first: u64, last: u64) -> u64 {
        let between = last.saturating_sub(first).saturating_sub(1);
        if between == 0 {
            return 0;
        }
        let replaced = self.0.range(first.saturating_add(1)..last).count();
        between.saturating_sub(u64::try_from(replaced).unwrap_or(u64::MAX))
    }

    /// Each replacement, and each that contradicts another or the report itself.
    fn told(&self, links: &[Link]) -> Vec<ChainProblem> {
        let judge = |(seq, digests): (&u64, &BTreeSet<ChainLink>)| {
            let given: BTreeSet<_> =
                links.iter().filter(|link| link.seq == *seq).map(|link| link.digest).collect();
            let names = |link: &&Link| link.replaces.iter().any(|(replaced, _)| replaced == seq);
            let by: Vec<_> = links.iter().filter(names).map(|link| link.seq.to_string()).collect();
            let by = by.join(", ");
            let (kind, why) = match given.union(digests).count() {
                0 | 1 => {
                    (ProblemKind::Replaced, format!("report {seq} was too large and was sent in parts: {by}"))
                }
                _ => (ProblemKind::Fork, format!("reports {by} replace another report {seq} than there is")),
            };
            ChainProblem { seq: *seq, kind, fault: kind.is_fault(), why }
        };
        self.0.iter().map(judge).collect()
    }
}

fn starts_late(links: &[Link], replaced: &Replacements) -> Option<ChainProblem> {
    let first = links.first().filter(|link| replaced.missing_between(0, link.seq) > 0)?;
    let why = format!("the first report given is number {}; what came before was not verified", first.seq);
    Some(first.problem(ProblemKind::StartsLate, why))
}

fn neighbours(pair: &[Link], replaced: &Replacements) -> Vec<ChainProblem> {
    let [before, after] = pair else { return Vec::new() };
    if after.seq == before.seq {
        let why = format!(
            "two different reports have number {}: the device was cloned, or set back to an earlier state",
            after.seq
        );
        return vec![after.problem(ProblemKind::Fork, why)];
    }
    let mut problems = Vec::new();
    if after.iat < before.iat {
        let why = format!(
            "report {} is dated before report {}: the device's clock was set back",
            after.seq, before.seq
        );
        problems.push(after.problem(ProblemKind::ClockBackwards, why));
    }
    let missing = replaced.missing_between(before.seq, after.seq);
    if missing > 0 {
        let why = format!("{missing} missing between reports {} and {}", before.seq, after.seq);
        problems.push(after.problem(ProblemKind::Gap, why));
    }
    problems
}

fn reused_ids(links: &[Link]) -> Vec<ChainProblem> {
    let mut seen = BTreeSet::new();
    let reused = links.iter().filter(|link| !seen.insert(link.jti.as_str()));
    reused
        .map(|link| {
            let why = format!("report {} has the identifier of another: a receiver drops one", link.seq);
            link.problem(ProblemKind::ReusedJti, why)
        })
        .collect()
}

fn broken_links(links: &[Link], replaced: &Replacements) -> Vec<ChainProblem> {
    let named = replaced.0.iter().flat_map(|(seq, digests)| digests.iter().map(|digest| (*digest, *seq)));
    let number_of: BTreeMap<_, _> = links.iter().map(|link| (link.digest, link.seq)).chain(named).collect();
    let numbers: BTreeSet<_> = links.iter().map(|link| link.seq).chain(replaced.0.keys().copied()).collect();
    let broken = |link: &Link| {
        let number = link.seq;
        let (kind, why) = match (number.checked_sub(1), link.prev) {
            (Some(0), None) => return None,
            (Some(0) | None, _) => (
                ProblemKind::BrokenLink,
                format!("report {number} links to one before it, where none can be"),
            ),
            (Some(_), None) => {
                (ProblemKind::BrokenLink, format!("report {number} does not link to the one before it"))
            }
            (Some(before), Some(prev)) => match number_of.get(&prev) {
                Some(found) if *found == before => return None,
                Some(found) => (
                    ProblemKind::Regression,
                    format!(
                        "report {number} links to report {found}, not {before}: the device was cloned, or set \
                         back to an earlier state"
                    ),
                ),
                None if numbers.contains(&before) => (
                    ProblemKind::BrokenLink,
                    format!("report {number} links to another report {before} than the one given"),
                ),
                None => return None,
            },
        };
        Some(link.problem(kind, why))
    };
    links.iter().filter_map(broken).collect()
}
