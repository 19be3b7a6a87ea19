//! Delivery by somebody else's transfer: the platform sends a report while this process sleeps or is gone.
//!
//! What is handed out is a report as it is queued, in a file of its own; what comes back, perhaps in another process, is
//! judged as if the agent had asked itself. The order is that of the chain, one report at a time.

use std::path::PathBuf;

use super::Inner;
use super::delivery;
use super::error::AgentError;
use super::settle::{self, Settled, set_aside};
use crate::connector::{Enrolment, RawAnswer, Route, UPLOAD_HEADERS};
use crate::model::{Sha256, SpkiPin, Timestamp};
use crate::store::{ReadTx, ReportState, Slot, StoreError, StoredReport};

/// A report to be sent by `POST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Names it in [`super::Agent::upload_result`]. Unlike its number it is never used again, not after a new enrolment
    /// either.
    pub id: String,
    /// Its sequence number.
    pub seq: u64,
    /// Where it goes.
    pub url: String,
    /// Header fields that must be sent, name and value.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte: a compact JWS. The agent removes the file once it was told what came of the transfer.
    pub file: PathBuf,
    /// Bytes of the file.
    pub size: u64,
    /// SHA-256 of the file.
    pub sha256: Sha256,
    /// Keys of which one must be in the server's certificate chain, where the platform lets the host look. Where it does
    /// not, the receipt still proves who took the report.
    pub spki_pins: Vec<SpkiPin>,
}

/// What a transfer brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UploadAnswer {
    /// An answer, read to its end.
    Http(RawAnswer),
    /// No answer.
    Failed {
        /// The platform's words.
        why: String,
    },
}

/// What became of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UploadOutcome {
    /// The connector signed for it. Also where it had done so before.
    Delivered,
    /// It will never be taken; set aside, now or before.
    Quarantined {
        /// Why.
        why: String,
    },
    /// It was too large; smaller parts of it are queued in its place, since now or before.
    Replaced {
        /// Which ones.
        why: String,
    },
    /// It is queued still.
    Again {
        /// Not before.
        at: Timestamp,
        /// What happened.
        why: String,
    },
    /// The store does not have it any more: it was dropped for want of room, or has long been settled.
    Forgotten,
}

/// The next report, if it is due. One that was damaged is set aside, so that it holds up no other.
pub(super) fn next(inner: &Inner) -> Result<Option<Upload>, AgentError> {
    loop {
        let head = inner.store.read(head)?;
        let Some((enrolment, report, token)) = head else {
            inner.uploads.retain(None);
            return Ok(None);
        };
        let token = match token {
            Ok(token) => token,
            Err(error) => {
                set_aside(inner, &report, &error.to_string())?;
                continue;
            }
        };
        if !report.is_due(inner.host.clock.now()) {
            // Its transfer may be under way still, and failed in part.
            inner.uploads.retain(Some(&token));
            return Ok(None);
        }
        let field = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let route = inner.store.read(|tx| Ok::<_, AgentError>(Route::of(&inner.settings(tx)?)))?;
        return Ok(Some(Upload {
            id: report.jti,
            seq: report.seq,
            url: route.report_url(&enrolment),
            headers: UPLOAD_HEADERS.iter().map(field).collect(),
            file: inner.uploads.keep_only(&token)?,
            size: report.size,
            sha256: Sha256::of(token.as_bytes()),
            spki_pins: route.pins(&enrolment).to_vec(),
        }));
    }
}

pub(super) fn settle(inner: &Inner, id: &str, answer: UploadAnswer) -> Result<UploadOutcome, AgentError> {
    let (enrolment, found) = inner.store.read(|tx| {
        let enrolment: Enrolment = tx.get(Slot::Enrolment)?.ok_or(AgentError::NotEnrolled)?;
        let report = tx.report_called(id)?;
        let token = report.as_ref().map(|report| token_of(tx, report)).transpose()?;
        Ok::<_, AgentError>((enrolment, report.zip(token)))
    })?;
    let Some((report, token)) = found else { return Ok(UploadOutcome::Forgotten) };
    if let Ok(token) = &token {
        // Whatever came of it, the transfer is over; the next one gets a file of its own.
        inner.uploads.remove(token);
    }
    let why = || report.reason.clone().unwrap_or_default();
    match report.state {
        ReportState::Sent => return Ok(UploadOutcome::Delivered),
        ReportState::Quarantined => return Ok(UploadOutcome::Quarantined { why: why() }),
        ReportState::Replaced => return Ok(UploadOutcome::Replaced { why: why() }),
        ReportState::Queued => {}
    }
    let settled = match token {
        Err(error) => set_aside(inner, &report, &error.to_string())?,
        Ok(token) => {
            let answer = match answer {
                UploadAnswer::Http(answer) => Ok(answer),
                UploadAnswer::Failed { why } => Err(why),
            };
            let client = inner.client_by_settings()?;
            let delivery = client.judge_transfer(&enrolment, &token, answer);
            delivery::keep_keys(inner, &client)?;
            settle::settle(inner, &report, &token, delivery)?
        }
    };
    Ok(match settled {
        Settled::Delivered => UploadOutcome::Delivered,
        Settled::SetAside { why } => UploadOutcome::Quarantined { why },
        Settled::Replaced { by } => {
            let numbers: Vec<_> = by.iter().map(u64::to_string).collect();
            UploadOutcome::Replaced {
                why: format!("too large; told again in reports {}", numbers.join(", ")),
            }
        }
        Settled::Again { at, why } => UploadOutcome::Again { at, why },
    })
}

/// Removes what transfers of an earlier process left, but for the file of the report whose turn it is: its transfer may
/// still be under way.
pub(super) fn clean_up(inner: &Inner) {
    if !inner.uploads.has_files() {
        return;
    }
    match inner.store.read(head) {
        Ok(Some((_, _, Ok(token)))) => inner.uploads.retain(Some(&token)),
        Ok(_) | Err(AgentError::NotEnrolled) => inner.uploads.retain(None),
        Err(error) => log::warn!("files of earlier transfers were not looked through: {error}"),
    }
}

/// The report whose turn it is, with its token or why it has none.
type Head = (Enrolment, StoredReport, Result<String, StoreError>);

fn head(tx: &ReadTx<'_>) -> Result<Option<Head>, AgentError> {
    let enrolment: Enrolment = tx.get(Slot::Enrolment)?.ok_or(AgentError::NotEnrolled)?;
    let Some(report) = tx.next_queued()? else { return Ok(None) };
    let token = token_of(tx, &report)?;
    Ok(Some((enrolment, report, token)))
}

/// The token of `report`; the inner error is of the report alone.
fn token_of(tx: &ReadTx<'_>, report: &StoredReport) -> Result<Result<String, StoreError>, StoreError> {
    match tx.token(report.id) {
        Ok(Some(token)) => Ok(Ok(token)),
        // Its row is there: this transaction has just read it.
        Ok(None) => Err(StoreError::Damaged),
        Err(error @ (StoreError::Tampered { .. } | StoreError::Form { .. })) => Ok(Err(error)),
        Err(error) => Err(error),
    }
}
