//! What the connector's answer does to a report.
//!
//! | answer | the report |
//! |---|---|
//! | a valid receipt | leaves the queue |
//! | `invalid_request`, `invalid_audience` | is set aside: the same bytes will never be taken |
//! | `authentication_failed` | is sent once more as it is, then set aside: another signature at its place would be a fork |
//! | `invalid_key`, `invalid_issuer`, `access_denied` | stays: the connector does not know this device (any more), and the user is told to enrol again |
//! | 413 | is told again in smaller parts, see [`super::smaller`] |
//! | anything else, or nothing | stays, and is sent again after a wait |
//!
//! A 400 or 413 counts with the connector's signature alone: without it, it is anything else.

use super::error::AgentError;
use super::trouble::EnrolAgain;
use super::{Inner, smaller};
use crate::connector::{Delivery, Refusal, RefusalCode, retry_delay};
use crate::model::Timestamp;
use crate::store::{Slot, StoredReport};

/// What became of a report that was sent.
pub(super) enum Settled {
    /// It left the queue on its receipt.
    Delivered,
    /// The connector will never take it.
    SetAside { why: String },
    /// Smaller parts of it are queued.
    Replaced { by: Vec<u64> },
    /// It stays queued.
    Again { at: Timestamp, why: String },
}

/// Notes what became of a report. Signs where it has to be made smaller.
pub(super) fn settle(
    inner: &Inner,
    report: &StoredReport,
    token: &str,
    delivery: Delivery,
) -> Result<Settled, AgentError> {
    let settled = match delivery {
        Delivery::Accepted(_) => accepted(inner, report)?,
        Delivery::Rejected(refusal) => refused(inner, report, refusal)?,
        Delivery::TooLarge => match smaller::tell_again(inner, report, token) {
            Ok(Some(by)) => Settled::Replaced { by },
            Ok(None) => set_aside(inner, report, &too_large(report))?,
            // A key that is locked, a full disk: the report is as it was.
            Err(error) => again(inner, report, None, format!("too large, and not made smaller: {error}"))?,
        },
        Delivery::Retry { after, why } => again(inner, report, after, why.to_string())?,
    };
    if !matches!(settled, Settled::Again { .. }) {
        inner.uploads.remove(token);
    }
    Ok(settled)
}

/// Sets a report aside. The connector lacks it now, so the next inventory is sent in full.
pub(super) fn set_aside(inner: &Inner, report: &StoredReport, why: &str) -> Result<Settled, AgentError> {
    inner.store.write(|tx| {
        tx.delete(Slot::SharedInventory)?;
        tx.quarantine(report.id, why, inner.host.clock.now())?;
        Ok::<_, AgentError>(())
    })?;
    Ok(Settled::SetAside { why: why.to_owned() })
}

fn accepted(inner: &Inner, report: &StoredReport) -> Result<Settled, AgentError> {
    inner.store.write(|tx| {
        tx.delete(Slot::Disowned)?;
        tx.acknowledge(report.id, inner.host.clock.now())
    })?;
    Ok(Settled::Delivered)
}

fn refused(inner: &Inner, report: &StoredReport, refusal: Refusal) -> Result<Settled, AgentError> {
    let why = format!("{}: {}", refusal.err, refusal.description);
    if disowns(refusal.err) {
        disown(inner, &refusal)?;
        return again(inner, report, None, format!("{why}; enrol this device again"));
    }
    match refusal.err {
        RefusalCode::AuthenticationFailed if report.unproven == 0 => {
            let now = inner.host.clock.now();
            let at = now.plus_seconds(wait(inner, report, None)?);
            inner.store.write(|tx| tx.mark_unproven(report.id, now, at))?;
            Ok(Settled::Again { at, why })
        }
        _ => set_aside(inner, report, &why),
    }
}

/// Remembers, until the device is enrolled, that its store could not be opened any more: whoever it was enrolled with does not
/// hear from it.
pub(super) fn note_start_over(inner: &Inner) -> Result<(), AgentError> {
    let why = "the key of this device's data was gone for good, and the agent began anew".to_owned();
    let again = EnrolAgain { why, since: inner.host.clock.now() };
    Ok(inner.store.write(|tx| tx.put(Slot::Disowned, &again))?)
}

const fn disowns(code: RefusalCode) -> bool {
    match code {
        RefusalCode::InvalidKey | RefusalCode::InvalidIssuer | RefusalCode::AccessDenied => true,
        RefusalCode::InvalidRequest | RefusalCode::InvalidAudience | RefusalCode::AuthenticationFailed => {
            false
        }
    }
}

fn disown(inner: &Inner, refusal: &Refusal) -> Result<(), AgentError> {
    let why = format!("{}: {}", refusal.err, refusal.description);
    inner.store.write(|tx| {
        let before: Option<EnrolAgain> = tx.get(Slot::Disowned)?;
        let since = before.map_or_else(|| inner.host.clock.now(), |before| before.since);
        tx.put(Slot::Disowned, &EnrolAgain { why, since })?;
        Ok(())
    })
}

fn too_large(report: &StoredReport) -> String {
    format!("{} bytes are more than the connector takes, and it cannot be told in smaller parts", report.size)
}

fn again(
    inner: &Inner,
    report: &StoredReport,
    asked: Option<std::time::Duration>,
    why: String,
) -> Result<Settled, AgentError> {
    let now = inner.host.clock.now();
    let at = now.plus_seconds(wait(inner, report, asked)?);
    inner.store.write(|tx| tx.mark_attempt(report.id, now, at))?;
    Ok(Settled::Again { at, why })
}

/// How long `report` waits now, in whole seconds.
fn wait(inner: &Inner, report: &StoredReport, asked: Option<std::time::Duration>) -> Result<i64, AgentError> {
    let mut random = [0; 8];
    inner.host.entropy.fill(&mut random)?;
    let wait = retry_delay(report.attempts, asked, u64::from_le_bytes(random));
    Ok(i64::try_from(wait.as_secs()).unwrap_or(i64::MAX))
}
