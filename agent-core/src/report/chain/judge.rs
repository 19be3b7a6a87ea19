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
    /// When it was made; where only that is known, when it was received.
    pub at: Timestamp,
    /// By which a successor may name it: those of both forms of its signature, in order. Two tokens that have the same
    /// are one report.
    pub digests: [ChainLink; 2],
    /// `mtd_prev`.
    pub prev: Option<ChainLink>,
    /// `jti`.
    pub jti: String,
    /// Which of the device's keys it is under, the first being 0.
    pub generation: usize,
    /// The reports that it tells a part of, by number and digest.
    pub replaces: Vec<(u64, ChainLink)>,
}

impl ChainedReport {
    /// The link that a verified token is.
    pub(super) fn of(token: &str, claims: &SetClaims, generation: usize) -> Self {
        Self {
            seq: claims.mtd_seq,
            at: claims.iat,
            digests: jws::digests(token).map(ChainLink),
            prev: claims.mtd_prev,
            jti: claims.jti.clone(),
            generation,
            replaces: claims.mtd_replaces.iter().map(|it| (it.seq, it.sha256)).collect(),
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
    let replaced = Replacements::of(&links);
    problems.extend(replaced.told(&links));
    problems.extend(starts_late(&links, &replaced));
    problems.extend(forks(&links));
    problems.extend(links.windows(2).flat_map(|pair| neighbours(pair, &replaced)));
    problems.extend(reused_ids(&links));
    problems.extend(broken_links(&links, &replaced));
    problems.extend(shared_links(&links, &replaced));
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

/// The reports that others replace, by number, with the digests that these give.
struct Replacements(BTreeMap<u64, BTreeSet<ChainLink>>);

impl Replacements {
    fn of(links: &[ChainedReport]) -> Self {
        let mut replaced: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (seq, digest) in links.iter().flat_map(|link| &link.replaces) {
            replaced.entry(*seq).or_default().insert(*digest);
        }
        Self(replaced)
    }

    /// The numbers from `first` to `last`, both excluded, that are neither given nor replaced: how many, and the lowest
    /// and the highest.
    fn missing_between(&self, first: u64, last: u64) -> Option<Missing> {
        let between = last.saturating_sub(first).saturating_sub(1);
        let from = first.saturating_add(1);
        let replaced = || self.0.range(from..last.max(from)).map(|(seq, _)| *seq);
        let count = between.saturating_sub(u64::try_from(replaced().count()).unwrap_or(u64::MAX));
        // Numbers that are replaced at either end are not missing.
        let first = replaced().zip(from..).take_while(|(seq, expected)| seq == expected).count();
        let lowest = from.saturating_add(u64::try_from(first).unwrap_or(u64::MAX));
        let top = last.saturating_sub(1);
        let highest =
            replaced().rev().zip((0..=top).rev()).take_while(|(seq, expected)| seq == expected).count();
        let highest = top.saturating_sub(u64::try_from(highest).unwrap_or(u64::MAX));
        (count > 0).then_some(Missing { count, lowest, highest })
    }

    fn links(&self) -> impl Iterator<Item = (ChainLink, u64)> + '_ {
        self.0.iter().flat_map(|(seq, digests)| digests.iter().map(|digest| (*digest, *seq)))
    }

    /// Each replacement, and each that contradicts another or the report itself.
    fn told(&self, links: &[ChainedReport]) -> Vec<ChainProblem> {
        let judge = |(seq, digests): (&u64, &BTreeSet<ChainLink>)| {
            let names = |link: &&ChainedReport| link.replaces.iter().any(|(replaced, _)| replaced == seq);
            let by: Vec<_> = links.iter().filter(names).map(|link| link.seq.to_string()).collect();
            let is_other = |link: &ChainedReport| !link.digests.iter().any(|it| digests.contains(it));
            let contradicted =
                digests.len() > 1 || links.iter().any(|link| link.seq == *seq && is_other(link));
            let (kind, why) = match contradicted {
                false => (ProblemKind::Replaced, words::replaced(*seq, &by.join(", "))),
                true => (ProblemKind::Fork, words::replaced_another(*seq, &by.join(", "))),
            };
            ChainProblem { seq: *seq, kind, fault: kind.is_fault(), why }
        };
        self.0.iter().map(judge).collect()
    }
}

/// Numbers that are missing.
struct Missing {
    count: u64,
    lowest: u64,
    highest: u64,
}

fn starts_late(links: &[ChainedReport], replaced: &Replacements) -> Option<ChainProblem> {
    let first = links.first().filter(|link| replaced.missing_between(0, link.seq).is_some())?;
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

fn neighbours(pair: &[ChainedReport], replaced: &Replacements) -> Vec<ChainProblem> {
    let [before, after] = pair else { return Vec::new() };
    if after.seq == before.seq {
        return Vec::new();
    }
    let mut problems = Vec::new();
    // Beside a fork, the one before may be of the other branch.
    let is_next = after.seq == before.seq.saturating_add(1);
    let follows = !is_next || after.prev.is_some_and(|prev| before.digests.contains(&prev));
    if follows && after.at < before.at {
        let why = words::clock_backwards(before.seq, after.seq);
        problems.push(after.problem(ProblemKind::ClockBackwards, why));
    }
    if let Some(Missing { count, lowest, highest }) = replaced.missing_between(before.seq, after.seq) {
        problems.push(after.problem(ProblemKind::Gap, words::gap(count, lowest, highest)));
    }
    problems
}

fn reused_ids(links: &[ChainedReport]) -> Vec<ChainProblem> {
    let mut seen = BTreeSet::new();
    let reused = links.iter().filter(|link| !seen.insert(link.jti.as_str()));
    reused.map(|link| link.problem(ProblemKind::ReusedJti, words::reused_jti(link.seq))).collect()
}

fn broken_links(links: &[ChainedReport], replaced: &Replacements) -> Vec<ChainProblem> {
    let number_of: BTreeMap<_, _> = links
        .iter()
        .flat_map(|link| link.digests.map(|digest| (digest, link.seq)))
        .chain(replaced.links())
        .collect();
    let numbers: BTreeSet<_> = links.iter().map(|link| link.seq).chain(replaced.0.keys().copied()).collect();
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
fn shared_links(links: &[ChainedReport], replaced: &Replacements) -> Vec<ChainProblem> {
    let named = replaced.links().map(|(digest, _)| digest);
    let given: BTreeSet<_> = links.iter().flat_map(|link| link.digests).chain(named).collect();
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
