//! Delivery of one report (RFC 8935), and what each answer means for it.

use std::time::Duration;

use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Method, StatusCode};
use serde::Deserialize;

use super::backoff::parse_retry_after;
use super::client::Client;
use super::error::ConnectorError;
use super::http::{Answer, Call};
use super::limits::{MAX_ANSWER, MAX_ANSWER_HEADERS};
use super::trouble::TroubleKind;
use super::wire::{
    Enrolment, RECEIPT_HEADER, REFUSAL_HEADER, Receipt, Refusal, RefusalCode, SECEVENT_MEDIA_TYPE,
    SignedRefusal, token_digest,
};
use crate::report::jws::{self, MAX_TOKEN, VerifyError, typ};

/// What became of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Stored by the connector, which signed for it: the only outcome on which it may leave the queue.
    Accepted(Receipt),
    /// Refused for what it is, by the connector's own signed word; sending the same again is pointless. To be set aside and told.
    Rejected(Refusal),
    /// Larger than the connector takes, by its own signed word: to be made again in smaller parts.
    TooLarge,
    /// Not delivered as far as can be told: to be sent again, the same bytes.
    Retry {
        /// The wait that the connector asked for; see [`retry_delay`](super::retry_delay).
        after: Option<Duration>,
        /// What happened.
        why: ConnectorError,
    },
}

impl Client {
    /// Sends `token`, a report of this device as stored in the queue. Sending it twice is harmless.
    pub async fn deliver(&self, enrolment: &Enrolment, token: &str) -> Delivery {
        if token.len() > MAX_TOKEN {
            return Delivery::TooLarge;
        }
        let report = match Report::read(token) {
            Ok(report) => report,
            Err(refused) => return refused,
        };
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(SECEVENT_MEDIA_TYPE))]);
        let body = token.to_owned().into();
        let call = Call { url: &enrolment.aud, method: Method::POST, headers, body };
        match self.call(enrolment, call, None).await {
            Ok(answer) => self.outcome(answer, enrolment, token, &report),
            Err(why) => Delivery::Retry { after: None, why },
        }
    }

    /// What the answer to a transfer outside this process means for `token`, or the words of its failure.
    pub fn judge_transfer(
        &self,
        enrolment: &Enrolment,
        token: &str,
        answer: Result<RawAnswer, String>,
    ) -> Delivery {
        let report = match Report::read(token) {
            Ok(report) => report,
            Err(refused) => return refused,
        };
        let host = enrolment.connector_host();
        let answer = match answer {
            Ok(raw) => raw.read(host),
            Err(why) => Err(ConnectorError::Unreachable { host, why }),
        };
        match answer {
            Ok(answer) => self.outcome(answer, enrolment, token, &report),
            Err(why) => Delivery::Retry { after: None, why },
        }
    }

    fn outcome(&self, answer: Answer, enrolment: &Enrolment, token: &str, report: &Report) -> Delivery {
        match answer.status {
            StatusCode::ACCEPTED => match self.read_receipt(&answer, enrolment, token, report) {
                Ok(receipt) => {
                    self.note_proof();
                    Delivery::Accepted(receipt)
                }
                Err(why) => Delivery::Retry { after: None, why },
            },
            StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE => {
                match self.read_refusal(&answer, enrolment, token) {
                    Ok(refused) => {
                        self.note_proof();
                        refused
                    }
                    Err(why) => Delivery::Retry { after: None, why },
                }
            }
            _ => {
                let asked = answer.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
                let after = asked.and_then(|value| parse_retry_after(value, self.clock.now()));
                Delivery::Retry { after, why: answer.unexpected() }
            }
        }
    }

    fn read_receipt(
        &self,
        answer: &Answer,
        enrolment: &Enrolment,
        token: &str,
        report: &Report,
    ) -> Result<Receipt, ConnectorError> {
        let refused = |kind: TroubleKind, why: &str| {
            self.note(kind, &answer.host, why);
            ConnectorError::NoReceipt(why.to_owned())
        };
        let Some(header) = answer.headers.get(RECEIPT_HEADER) else {
            return Err(refused(TroubleKind::NoReceipt, "no MTD-Receipt"));
        };
        let Ok(header) = header.to_str() else {
            return Err(refused(TroubleKind::Damaged, "MTD-Receipt is not a token"));
        };
        let receipt: Receipt = self.verify(header, typ::RECEIPT, enrolment).map_err(|error| {
            self.note_unverified(TroubleKind::ForgedReceipt, &answer.host, &error);
            ConnectorError::NoReceipt(told(&error))
        })?;
        let for_this_report = receipt.iss == enrolment.connector_issuer()
            && receipt.jti == report.jti
            && receipt.sha256 == token_digest(token)
            && receipt.seq == report.mtd_seq;
        if !for_this_report {
            return Err(refused(TroubleKind::ForgedReceipt, "MTD-Receipt is for another report"));
        }
        Ok(receipt)
    }

    /// What the connector says of `token`. That of a report which was cut off on the way does not count for the whole one.
    fn read_refusal(
        &self,
        answer: &Answer,
        enrolment: &Enrolment,
        token: &str,
    ) -> Result<Delivery, ConnectorError> {
        let status = answer.status.as_u16();
        let unproven = |why: String| ConnectorError::UnprovenRefusal { status, why };
        let header = answer.headers.get(REFUSAL_HEADER).and_then(|value| value.to_str().ok());
        let header = header.ok_or_else(|| unproven("no MTD-Refusal".to_owned()))?;
        let signed: SignedRefusal = self.verify(header, typ::REFUSAL, enrolment).map_err(|error| {
            self.note_unverified(TroubleKind::Forged, &answer.host, &error);
            unproven(told(&error))
        })?;
        if signed.status != status || signed.sha256 != token_digest(token) {
            return Err(unproven("MTD-Refusal is for another report".to_owned()));
        }
        match (answer.status, signed.refusal) {
            (StatusCode::PAYLOAD_TOO_LARGE, _) => Ok(Delivery::TooLarge),
            (_, Some(refusal)) => Ok(Delivery::Rejected(refusal.presentable())),
            (_, None) => Err(unproven("MTD-Refusal has no reason".to_owned())),
        }
    }
}

/// Why something signed does not count; of a key that is not known more than its name.
pub(super) fn told(error: &VerifyError) -> String {
    match error {
        VerifyError::UnknownKey(_) => format!(
            "{error}: no signed settings announced it; if the connector's key was replaced without that, its \
             administrator has to bring the former one back, or this device has to enrol again"
        ),
        _ => error.to_string(),
    }
}

/// Header fields of a push (RFC 8935, section 2.1), for who sends it in the agent's place.
pub const UPLOAD_HEADERS: [(&str, &str); 2] =
    [("Content-Type", SECEVENT_MEDIA_TYPE), ("Accept", "application/json")];

/// An answer as a platform's own HTTP client gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawAnswer {
    /// Status code.
    pub status: u16,
    /// Header fields, name and value.
    pub headers: Vec<(String, String)>,
    /// The body, to its end.
    pub body: Vec<u8>,
}

impl RawAnswer {
    /// The same within the limits that the agent's own client keeps. Fields that HTTP cannot carry are left out.
    fn read(self, host: String) -> Result<Answer, ConnectorError> {
        let status = StatusCode::from_u16(self.status)
            .map_err(|_| ConnectorError::protocol(&host, format!("HTTP status {}", self.status)))?;
        if self.body.len() > MAX_ANSWER {
            return Err(ConnectorError::too_large(&host));
        }
        let field = |(name, value): &(String, String)| {
            Some((HeaderName::try_from(name.as_str()).ok()?, HeaderValue::try_from(value.as_str()).ok()?))
        };
        let headers = self.headers.iter().take(MAX_ANSWER_HEADERS).filter_map(field).collect();
        Ok(Answer { host, status, headers, body: self.body.into(), inspected: false })
    }
}

/// What a receipt must repeat of a report.
#[derive(Deserialize)]
struct Report {
    jti: String,
    mtd_seq: u64,
}

impl Report {
    fn read(token: &str) -> Result<Self, Delivery> {
        jws::peek_claims(token).map_err(|_| {
            Delivery::Rejected(Refusal {
                err: RefusalCode::InvalidRequest,
                description: "not sent: the queued report is not a token".to_owned(),
            })
        })
    }
}
