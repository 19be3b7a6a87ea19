//! The judgement of one epoch's chain, from what links its reports.

use std::collections::{BTreeMap, BTreeSet};

use super::super::claims::{ChainLink, SetClaims};
use super::super::jws;
use super::{ChainProblem, EpochReport, ProblemKind, words};
use crate::model::Timestamp;

/// A report as a link of its chain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChainedReport {
    /// `mtd_seq`.
    pub seq: u64,
    /// By which a successor may name it: those of both forms of its signature, in order. Two tokens that have the same
    /// are one report.
    pub digests: [ChainLink; 2],
    /// `mtd_prev`.
    pub prev: Option<ChainLink>,
    /// When it was made; where only that is known, when it was received.
    pub at: Timestamp,
    /// `jti`.
    pub jti: String,
    /// Which of the device's keys it is under, the first being 0.
    pub generation: usize,
}

impl ChainedReport {
    /// The link that a verified token is.
    pub(super) fn of(token: &str, claims: &SetClaims, generation: usize) -> Self {
        Self {
            seq: claims.mtd_seq,
            digests: jws::digests(token).map(ChainLink),
            prev: claims.mtd_prev,
            at: claims.iat,
            jti: claims.jti.clone(),
            generation,
        }
    }

    fn problem(&self, kind: ProblemKind, why: String) -> ChainProblem {
        ChainProblem { seq: self.seq, kind, fault: kind.is_fault(), why }
    }
}

/// Judges the reports of one enrolment, in any order.
pub fn judge_chain(epoch: String, mut links: Vec<ChainedReport>) -> EpochReport {
    links.sort();
    let mut problems = duplicates(&links);
    links.dedup();
    problems.extend(starts_late(&links));
    problems.extend(forks(&links));
    problems.extend(links.windows(2).flat_map(neighbours));
    problems.extend(reused_ids(&links));
    problems.extend(broken_links(&links));
    problems.extend(shared_links(&links));
    problems.extend(retired_keys(&links));
    problems.sort();

    EpochReport {
        epoch,
        first: links.first().map_or(0, |link| link.seq),
        last: links.last().map_or(0, |link| link.seq),
        begins_at: links.iter().map(|link| link.at).min().unwrap_or(Timestamp::from_unix(0)),
        reports: links.len(),
        problems,
    }
}

fn duplicates(links: &[ChainedReport]) -> Vec<ChainProblem> {
    let again = links.windows(2).filter_map(|pair| match pair {
        [one, other] if one == other => Some(other),
        _ => None,
    });
    again.map(|link| link.problem(ProblemKind::Duplicate, words::duplicate(link.seq))).collect()
}

fn starts_late(links: &[ChainedReport]) -> Option<ChainProblem> {
    let first = links.first().filter(|link| link.seq > 1)?;
    Some(first.problem(ProblemKind::StartsLate, words::starts_late(first.seq)))
}

/// The first fork tells what became of both branches; those after it are its consequence.
fn forks(links: &[ChainedReport]) -> Vec<ChainProblem> {
    let twice = links.windows(2).filter_map(|pair| match pair {
        [one, other] if one.seq == other.seq => Some((one, other)),
        _ => None,
    });
    let mut told = None;
    twice
        .map(|(one, other)| {
            let why = match told {
                Some(first) => words::forked_before(other.seq, first),
                None if other.seq == 1 => words::began_again(),
                None => words::forked(other.seq, in_turns(links, one, other)),
            };
            told.get_or_insert(other.seq);
            other.problem(ProblemKind::Fork, why)
        })
        .collect()
}

/// Whether the branches that begin with `one` and with `other` both have reports that are younger than some of the
/// other's.
fn in_turns(links: &[ChainedReport], one: &ChainedReport, other: &ChainedReport) -> bool {
    let (one, other) = (span(links, one), span(links, other));
    one.1 > other.0 && other.1 > one.0
}

/// When the branch that begins with `start` begins and ends.
fn span(links: &[ChainedReport], start: &ChainedReport) -> (Timestamp, Timestamp) {
    let mut reached: BTreeSet<ChainLink> = start.digests.into();
    let (mut first, mut last) = (start.at, start.at);
    // Sorted by number: a successor comes after what it follows.
    for link in links.iter().filter(|link| link.seq > start.seq) {
        if link.prev.is_some_and(|prev| reached.contains(&prev)) {
            reached.extend(link.digests);
            (first, last) = (first.min(link.at), last.max(link.at));
        }
    }
    (first, last)
}

fn neighbours(pair: &[ChainedReport]) -> Vec<ChainProblem> {
    let [before, after] = pair else { return Vec::new() };
    if after.seq == before.seq {
        return Vec::new();
    }
    let mut problems = Vec::new();
    if after.at < before.at {
        let why = words::clock_backwards(before.seq, after.seq);
        problems.push(after.problem(ProblemKind::ClockBackwards, why));
    }
    if after.seq.saturating_sub(before.seq) > 1 {
        problems.push(after.problem(ProblemKind::Gap, words::gap(before.seq, after.seq)));
    }
    problems
}

fn reused_ids(links: &[ChainedReport]) -> Vec<ChainProblem> {
    let mut seen = BTreeSet::new();
    let reused = links.iter().filter(|link| !seen.insert(link.jti.as_str()));
    reused.map(|link| link.problem(ProblemKind::ReusedJti, words::reused_jti(link.seq))).collect()
}

fn broken_links(links: &[ChainedReport]) -> Vec<ChainProblem> {
    let number_of: BTreeMap<_, _> =
        links.iter().flat_map(|link| link.digests.map(|digest| (digest, link.seq))).collect();
    let numbers: BTreeSet<_> = links.iter().map(|link| link.seq).collect();
    let broken = |link: &ChainedReport| {
        let number = link.seq;
        let (kind, why) = match (number.checked_sub(1), link.prev) {
            (Some(0), None) => return None,
            (Some(0) | None, _) => (ProblemKind::BrokenLink, words::first_with_past(number)),
            (Some(_), None) => (ProblemKind::BrokenLink, words::without_link(number)),
            (Some(before), Some(prev)) => match number_of.get(&prev) {
                Some(found) if *found == before => return None,
                Some(found) => (ProblemKind::Regression, words::regression(number, *found)),
                None if numbers.contains(&before) => {
                    (ProblemKind::BrokenLink, words::other_predecessor(number, before))
                }
                None => return None,
            },
        };
        Some(link.problem(kind, why))
    };
    links.iter().filter_map(broken).collect()
}

/// Two numbers that continue from one report which was not given: where it was given, [`broken_links`] tells.
fn shared_links(links: &[ChainedReport]) -> Vec<ChainProblem> {
    let given: BTreeSet<_> = links.iter().flat_map(|link| link.digests).collect();
    let mut first = BTreeMap::new();
    let mut problems = Vec::new();
    for link in links {
        let Some(prev) = link.prev.filter(|prev| !given.contains(prev)) else { continue };
        let earlier = *first.entry(prev).or_insert(link.seq);
        if earlier != link.seq {
            problems.push(link.problem(ProblemKind::SharedLink, words::shared_link(earlier, link.seq)));
        }
    }
    problems
}

/// A key is retired by the first report under its successor.
fn retired_keys(links: &[ChainedReport]) -> Vec<ChainProblem> {
    let mut newest = (0, 0);
    let mut problems = Vec::new();
    for link in links {
        if link.generation > newest.0 {
            newest = (link.generation, link.seq);
        } else if link.generation < newest.0 {
            problems.push(link.problem(ProblemKind::RetiredKey, words::retired_key(link.seq, newest.1)));
        }
    }
    problems
}
