//! Delivery by somebody else's transfer: the platform sends a report while this process sleeps or is gone.
//!
//! What is handed out is a report as it is queued; what comes back is judged as if the agent had asked itself. The order
//! is that of the chain, one report at a time.

use super::Inner;
use super::delivery::{self, Settled, settle as settle_report};
use super::error::AgentError;
use crate::connector::{Enrolment, RawAnswer, Route, UPLOAD_HEADERS};
use crate::model::{SpkiPin, Timestamp};
use crate::store::{ReportState, Slot};

/// A report to be sent by `POST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its sequence number: names it in [`super::Agent::upload_result`].
    pub seq: u64,
    /// Where it goes.
    pub url: String,
    /// Header fields that must be sent, name and value.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte: a compact JWS.
    pub body: String,
    /// Keys of which one must be in the server's certificate chain, where the platform lets the host look. Where it does
    /// not, the receipt still proves who took the report.
    pub spki_pins: Vec<SpkiPin>,
}

/// What a transfer brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UploadAnswer {
    /// An answer, read to its end.
    Http {
        /// Status code.
        status: u16,
        /// Header fields, name and value, in any order.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
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
    /// The connector will never take it; set aside.
    Quarantined {
        /// The connector's words.
        why: String,
    },
    /// It is queued still.
    Again {
        /// Not before.
        at: Timestamp,
        /// What happened.
        why: String,
    },
}

pub(super) fn next(inner: &Inner) -> Result<Option<Upload>, AgentError> {
    let now = inner.host.clock.now();
    inner.store.read(|tx| {
        let enrolment: Enrolment = tx.get(Slot::Enrolment)?.ok_or(AgentError::NotEnrolled)?;
        let Some(report) = tx.next_queued()?.filter(|report| report.is_due(now)) else { return Ok(None) };
        let Some(body) = tx.token(report.id)? else { return Ok(None) };
        let field = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let route = Route::of(&inner.settings(tx)?);
        Ok(Some(Upload {
            seq: report.seq,
            url: route.report_url(&enrolment),
            headers: UPLOAD_HEADERS.iter().map(field).collect(),
            body,
            spki_pins: route.pins(&enrolment).to_vec(),
        }))
    })
}

pub(super) fn settle(inner: &Inner, seq: u64, answer: UploadAnswer) -> Result<UploadOutcome, AgentError> {
    let queued = inner.store.read(|tx| {
        let enrolment: Enrolment = tx.get(Slot::Enrolment)?.ok_or(AgentError::NotEnrolled)?;
        let report = tx.reports(ReportState::Queued)?.into_iter().find(|report| report.seq == seq);
        let Some(report) = report else { return Ok(None) };
        Ok::<_, AgentError>(tx.token(report.id)?.map(|token| (enrolment, report, token)))
    })?;
    // Delivered or set aside meanwhile: the transfer outlived the report.
    let Some((enrolment, report, token)) = queued else { return Ok(UploadOutcome::Delivered) };
    let answer = match answer {
        UploadAnswer::Http { status, headers, body } => Ok(RawAnswer { status, headers, body }),
        UploadAnswer::Failed { why } => Err(why),
    };
    let client = inner.client_by_settings()?;
    let delivery = client.judge_transfer(&enrolment, &token, answer);
    delivery::keep_keys(inner, &client)?;
    Ok(match settle_report(inner, &report, delivery)? {
        Settled::Delivered => UploadOutcome::Delivered,
        Settled::SetAside { why } => UploadOutcome::Quarantined { why },
        Settled::Again { at, why } => UploadOutcome::Again { at, why },
    })
}
