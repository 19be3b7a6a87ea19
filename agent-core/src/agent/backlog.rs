//! What happened and could not be signed yet: a key that is locked, busy or gone makes no report, and loses none.
//!
//! Events wait in the store, sealed, whole and in order, with their scan and their time (`toe`, RFC 8417, section 2.2). They
//! are signed before anything newer, at the next scan or the next delivery. There is room for [`MAX_WAITING`] of them, and
//! for [`MAX_WAITING_BYTES`]: older states of the device make room first, changes of its level last, and the drop counter
//! tells how many went.

use serde::{Deserialize, Serialize};

use super::Inner;
use super::error::AgentError;
use super::events::AgentEvent;
use super::trouble::{EnrolAgain, KeyTrouble};
use super::{signing, smaller};
use crate::connector::Enrolment;
use crate::model::{Settings, Timestamp};
use crate::platform::FailureKind;
use crate::report::jws::SignError;
use crate::report::{Event, Part, ReportError};
use crate::store::{ReadTx, Slot, WriteTx};

/// Most events that wait: a phone that stays locked is scanned some 30 times a day.
const MAX_WAITING: usize = 64;

/// Most bytes of them, as JSON. The state of a device with 1,000 apps takes about 300 kB the first time, and little after.
const MAX_WAITING_BYTES: usize = 4 * 1024 * 1024;

/// Something that is to be reported.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Unsigned {
    /// The scan.
    pub(super) txn: String,
    /// When it was.
    pub(super) at: Timestamp,
    pub(super) event: Event,
}

/// What was signed, and what still waits.
#[derive(Default)]
pub(super) struct Signed {
    /// Reports of the events that were given, by number.
    pub(super) queued: Vec<u64>,
    /// Events that wait.
    pub(super) waiting: usize,
    /// Why they do.
    pub(super) trouble: Option<KeyTrouble>,
    /// To be told once the transaction holds.
    pub(super) news: Option<AgentEvent>,
}

/// Signs and queues what waits, then `new`, in order, as far as the key does; the rest waits.
pub(super) fn sign(
    inner: &Inner,
    tx: &WriteTx<'_>,
    enrolment: &Enrolment,
    settings: &Settings,
    new: Vec<Unsigned>,
) -> Result<Signed, AgentError> {
    let mut waiting = load(tx)?;
    if waiting.is_empty() && new.is_empty() {
        return Ok(Signed::default());
    }
    let had_waited = !waiting.is_empty();
    let older = waiting.len();
    waiting.extend(new);
    let mut batch = Batch { inner, tx, enrolment, settings, queued: Vec::new() };
    let (rest, error) = batch.sign_all(waiting, older)?;
    let Batch { queued, .. } = batch;
    if had_waited || !rest.is_empty() {
        tx.put(Slot::Unsigned, &rest)?;
    }
    let (trouble, news) = note(inner, tx, error.as_ref())?;
    Ok(Signed { queued, waiting: rest.len(), trouble, news })
}

/// [`sign`] at a delivery, where nothing is new.
pub(super) fn sign_waiting(inner: &Inner) -> Result<Signed, AgentError> {
    if inner.store.read(load)?.is_empty() {
        return Ok(Signed::default());
    }
    inner.store.write(|tx| {
        let enrolment: Enrolment = tx.get(Slot::Enrolment)?.ok_or(AgentError::NotEnrolled)?;
        let settings = inner.settings(tx)?;
        sign(inner, tx, &enrolment, &settings, Vec::new())
    })
}

/// How many events wait.
pub(super) fn waiting(tx: &ReadTx<'_>) -> Result<usize, AgentError> {
    Ok(load(tx)?.len())
}

/// Makes room for the events of one scan. Before they are made: what is lost decides how much they have to tell.
pub(super) fn make_room(tx: &WriteTx<'_>) -> Result<(), AgentError> {
    let mut waiting = load(tx)?;
    let before = waiting.len();
    let mut sizes = waiting.iter().map(size).collect::<Result<Vec<_>, _>>()?;
    // Two more come.
    while waiting.len() + 2 > MAX_WAITING || sizes.iter().sum::<usize>() > MAX_WAITING_BYTES {
        let state = waiting.iter().position(|it| matches!(it.event, Event::DeviceReport(_)));
        let victim = state.unwrap_or(0);
        waiting.remove(victim);
        sizes.remove(victim);
    }
    let lost = before - waiting.len();
    if lost > 0 {
        tx.note_dropped(u64::try_from(lost).unwrap_or(u64::MAX))?;
        tx.put(Slot::Unsigned, &waiting)?;
    }
    Ok(())
}

/// Forgets what waits, and counts it: nobody takes it from the device any more, as with the queue of a former enrolment.
pub(super) fn abandon(tx: &WriteTx<'_>) -> Result<(), AgentError> {
    tx.note_dropped(u64::try_from(load(tx)?.len()).unwrap_or(u64::MAX))?;
    tx.delete(Slot::Unsigned)?;
    Ok(tx.delete(Slot::KeyTrouble)?)
}

/// Remembers what keeps the key from signing, or that nothing does. The event tells a change.
pub(super) fn note(
    inner: &Inner,
    tx: &WriteTx<'_>,
    error: Option<&SignError>,
) -> Result<(Option<KeyTrouble>, Option<AgentEvent>), AgentError> {
    let before: Option<KeyTrouble> = tx.get(Slot::KeyTrouble)?;
    let was_gone = before.as_ref().is_some_and(|before| before.kind == FailureKind::Gone);
    let Some(error) = error else {
        tx.delete(Slot::KeyTrouble)?;
        if was_gone {
            tx.delete(Slot::Disowned)?;
        }
        return Ok((None, before.map(|_| AgentEvent::KeyUsable)));
    };
    let (kind, why) = (error.kind(), error.to_string());
    let same = before.as_ref().is_some_and(|before| before.kind == kind);
    let since = before.filter(|_| same).map_or_else(|| inner.host.clock.now(), |before| before.since);
    let trouble = KeyTrouble { kind, why, since };
    if kind == FailureKind::Gone && !was_gone {
        let why = trouble.why.clone();
        tx.put(Slot::Disowned, &EnrolAgain { why, since })?;
    }
    tx.put(Slot::KeyTrouble, &trouble)?;
    let news = (!same).then(|| AgentEvent::KeyTrouble { trouble: trouble.clone() });
    Ok((Some(trouble), news))
}

struct Batch<'a> {
    inner: &'a Inner,
    tx: &'a WriteTx<'a>,
    enrolment: &'a Enrolment,
    settings: &'a Settings,
    queued: Vec<u64>,
}

impl Batch<'_> {
    /// Signs `events`, and notes the numbers of those after the first `older`; what is left, and why.
    fn sign_all(
        &mut self,
        events: Vec<Unsigned>,
        older: usize,
    ) -> Result<(Vec<Unsigned>, Option<SignError>), AgentError> {
        let mut rest = Vec::new();
        let mut failed = None;
        for (place, event) in events.into_iter().enumerate() {
            if failed.is_some() {
                rest.push(event);
                continue;
            }
            let waited = place < older;
            for part in self.parts(event, waited)? {
                if failed.is_none() {
                    match self.sign_one(&part, waited) {
                        Ok(seq) if !waited => self.queued.push(seq),
                        Ok(_) => {}
                        Err(AgentError::Report(ReportError::Sign(error))) => failed = Some(error),
                        Err(error) => return Err(error),
                    }
                }
                if failed.is_some() {
                    rest.push(part);
                }
            }
        }
        Ok((rest, failed))
    }

    /// What has to be told in parts, split as it fits now. A part stays one.
    fn parts(&self, unsigned: Unsigned, waited: bool) -> Result<Vec<Unsigned>, AgentError> {
        let Unsigned { txn, at, event } = unsigned;
        let report = match event {
            Event::DeviceReport(report) if report.part == Part::WHOLE => *report,
            event => return Ok(vec![Unsigned { txn, at, event }]),
        };
        let issuer = signing::issuer(self.enrolment);
        let max_token_bytes = smaller::max_token_bytes(self.tx, self.settings)?;
        let nobody = signing::Nobody;
        let reporter = signing::reporter(self.inner, &issuer, &nobody, &txn, waited.then_some(at));
        let parts = reporter.split(report, &self.tx.next_position()?, max_token_bytes)?;
        let part = |part| Unsigned { txn: txn.clone(), at, event: Event::DeviceReport(Box::new(part)) };
        Ok(parts.into_iter().map(part).collect())
    }

    fn sign_one(&self, Unsigned { txn, at, event }: &Unsigned, waited: bool) -> Result<u64, AgentError> {
        let issuer = signing::issuer(self.enrolment);
        let signer = signing::signer(self.inner, self.enrolment)?;
        let now = self.inner.host.clock.now();
        let reporter = signing::reporter(self.inner, &issuer, &signer, txn, waited.then_some(*at));
        let sign = |position: &_| reporter.sign(position, event.clone()).map_err(AgentError::from);
        Ok(self.tx.enqueue(now, sign)?.seq)
    }
}

fn load(tx: &ReadTx<'_>) -> Result<Vec<Unsigned>, AgentError> {
    Ok(tx.get(Slot::Unsigned)?.unwrap_or_default())
}

fn size(unsigned: &Unsigned) -> Result<usize, AgentError> {
    Ok(serde_json::to_vec(unsigned).map_err(|_| ReportError::Serialize)?.len())
}
