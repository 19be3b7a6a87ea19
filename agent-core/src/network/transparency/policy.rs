//! The rule: which SCTs count, and whether they are enough.

use std::collections::{BTreeMap, BTreeSet};

use super::logs::{Acceptance, Log, Logs};
use super::precertificate::Precertificate;
use super::sct::{Sct, read_list};
use super::signature::verifies;
use super::{Assessed, Assessment, Flaw, Gap, Subject, Vouching};
use crate::model::{CtLogList, Timestamp};
use crate::network::limits::{CLOCK_TOLERANCE, MAX_SCTS};

const DAY: i64 = 24 * 60 * 60;

/// Age up to which a list of logs is fit to judge by, in days: Android's and Chrome's.
const MAX_LIST_AGE: i64 = 70;

/// Longest life of a certificate, in whole days, for which [`LOGS_FOR_SHORT_LIFE`] are enough.
const SHORT_LIFE: i64 = 180;

const LOGS_FOR_SHORT_LIFE: usize = 2;
const LOGS_FOR_LONG_LIFE: usize = 3;

/// Different operators among the logs.
const OPERATORS: usize = 2;

/// Whether `list` is fit to judge by at the moment `now`: neither stale nor from the future.
pub(in crate::network) fn is_timely(list: &CtLogList, now: Timestamp) -> bool {
    !is_future(list.timestamp, now) && now <= list.timestamp.plus_seconds(MAX_LIST_AGE * DAY)
}

/// Judges the SCTs that `subject` embeds, at the moment `now`.
pub(in crate::network) fn assess<'a>(
    subject: &Subject<'_>,
    logs: &Logs<'a>,
    now: Timestamp,
) -> Assessment<'a> {
    let precertificate = Precertificate::of(subject.leaf);
    let list = precertificate.as_ref().and_then(|precertificate| read_list(precertificate.scts));
    let (Some(Precertificate { tbs, .. }), Some(list)) = (&precertificate, list) else {
        return conclude(Vec::new(), 0, subject);
    };
    let dropped = list.len().saturating_sub(MAX_SCTS);
    let kept = list.into_iter().take(MAX_SCTS);
    let signed: Vec<_> = kept.map(|sct| Signed::of(sct, tbs, subject, logs)).collect();
    let earliest = signed.iter().flatten().map(|signed| signed.sct.issued()).min().unwrap_or(now);
    let assessed = signed.into_iter().map(|signed| match signed {
        Ok(signed) => signed.assessed(earliest, subject.not_after, now),
        Err(flawed) => flawed,
    });
    conclude(assessed.collect(), dropped, subject)
}

/// An SCT that its log signed over the certificate.
struct Signed<'s, 'a> {
    sct: Sct<'s>,
    log: &'s Log<'a>,
}

impl<'s, 'a> Signed<'s, 'a> {
    fn of(
        sct: Option<Sct<'s>>,
        tbs: &[u8],
        subject: &Subject<'_>,
        logs: &'s Logs<'a>,
    ) -> Result<Self, Assessed<'a>> {
        let sct = sct.ok_or(Assessed { log: None, vouching: Err(Flaw::Unreadable) })?;
        let flawed = |flaw| Assessed { log: Some(sct.log), vouching: Err(flaw) };
        let log = logs.get(&sct.log).ok_or_else(|| flawed(Flaw::UnknownLog))?;
        if verifies(&sct, tbs, &subject.issuer_key, log.spki()) {
            Ok(Self { sct, log })
        } else {
            Err(flawed(Flaw::Signature))
        }
    }

    fn assessed(&self, earliest: Timestamp, not_after: Timestamp, now: Timestamp) -> Assessed<'a> {
        Assessed { log: Some(self.sct.log), vouching: self.vouching(earliest, not_after, now) }
    }

    /// `earliest` is when the first SCT of the certificate was issued.
    fn vouching(
        &self,
        earliest: Timestamp,
        not_after: Timestamp,
        now: Timestamp,
    ) -> Result<Vouching<'a>, Flaw> {
        let issued = self.sct.issued();
        if is_future(issued, now) {
            return Err(Flaw::Future);
        }
        if !self.log.takes(not_after) {
            return Err(Flaw::Interval);
        }
        let is_current = match self.log.acceptance(now) {
            Acceptance::Current => true,
            Acceptance::Until(retired) if earliest <= retired => false,
            Acceptance::Until(retired) => return Err(Flaw::Retired(retired)),
            Acceptance::Never(phase) => return Err(Flaw::NotAccepted(phase)),
        };
        Ok(Vouching { operator: self.log.operator_at(issued), is_current })
    }
}

fn is_future(moment: Timestamp, now: Timestamp) -> bool {
    moment > now.plus_seconds(CLOCK_TOLERANCE)
}

/// Holds what counts against what is needed.
fn conclude<'a>(scts: Vec<Assessed<'a>>, dropped: usize, subject: &Subject<'_>) -> Assessment<'a> {
    let needed = logs_needed(subject);
    let vouching: BTreeMap<_, _> =
        scts.iter().filter_map(|sct| Some((sct.log?, sct.vouching.ok()?))).collect();
    let operators: BTreeSet<_> = vouching.values().map(|vouching| vouching.operator).collect();
    let gap = if scts.is_empty() {
        Some(Gap::NoScts)
    } else if vouching.len() < needed {
        Some(Gap::TooFewLogs)
    } else if operators.len() < OPERATORS {
        Some(Gap::OneOperator)
    } else if !vouching.values().any(|vouching| vouching.is_current) {
        Some(Gap::OnlyRetiredLogs)
    } else {
        None
    };
    Assessment { logs: vouching.len(), operators, needed, gap, scts, dropped }
}

fn logs_needed(subject: &Subject<'_>) -> usize {
    let life = subject.not_after.unix().saturating_sub(subject.not_before.unix());
    if life / DAY <= SHORT_LIFE { LOGS_FOR_SHORT_LIFE } else { LOGS_FOR_LONG_LIFE }
}
