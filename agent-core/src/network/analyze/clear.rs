//! Clear HTTP to the canaries, as the checks of it see it.
//!
//! A signed reply to this device's own nonce came from the canary, whatever happened to what surrounds it. An
//! answer without one came from somebody else, or lost its signature on the way: worth a suspicion only where
//! connectivity checks show that no sign-in page holds the network.

use super::canary::{self, Canary};
use crate::canary::{REPLY_HEADER, Reply};
use crate::model::{CheckId, CheckOutcome, Judgement, Sha256};
use crate::network::observation::{ClearExchange, ClearQuestion, answer, failure};
use crate::network::response::Response;
use crate::network::words::plain;

/// What stands in the way of clear HTTP, by the connectivity checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// A sign-in page.
    Portal,
    /// Nothing.
    Free,
    /// Nobody knows.
    Untold,
}

/// The canaries that can be asked over clear HTTP; or the outcome of `check`, where it has none.
pub(super) fn askable<'a>(
    check: CheckId,
    canaries: &'a [Canary<'a>],
    way: Way,
) -> Result<Vec<&'a Canary<'a>>, CheckOutcome> {
    if canaries.is_empty() {
        return Err(CheckOutcome::unknown(check, canary::NONE));
    }
    if way == Way::Portal {
        let why = "a captive portal answers over clear HTTP: sign in to the network and scan again";
        return Err(CheckOutcome::unknown(check, why));
    }
    let askable: Vec<_> = canaries.iter().filter(|canary| canary.settings.http_port.is_some()).collect();
    if askable.is_empty() {
        return Err(CheckOutcome::unknown(check, "no canary with clear HTTP is configured"));
    }
    Ok(askable)
}

/// A response to one question.
pub(super) struct Heard<'a> {
    pub(super) canary: &'a Canary<'a>,
    pub(super) asked: ClearQuestion,
    pub(super) exchange: &'a ClearExchange,
    pub(super) response: Response<'a>,
}

impl<'a> Heard<'a> {
    /// What `canary` answered when it was `asked`; or what became of the question.
    pub(super) fn of(canary: &'a Canary<'a>, asked: ClearQuestion) -> Result<Self, String> {
        let name = &canary.settings.name;
        let probe = canary.probe.and_then(|probe| probe.clear.iter().find(|clear| clear.asked == asked));
        let Some(probe) = probe else { return Err(format!("{name}, {asked}: not measured")) };
        let Some((exchange, _)) = answer(&probe.attempts) else {
            let failure = failure(&probe.attempts);
            let why = failure.map_or_else(|| "not measured".to_owned(), ToString::to_string);
            return Err(format!("{name}, {asked}: {why}"));
        };
        let Some(response) = Response::parse(exchange.response.as_bytes()) else {
            return Err(format!("{name}, {asked}: answered no HTTP"));
        };
        Ok(Self { canary, asked, exchange, response })
    }

    /// The signed reply, or why there is none.
    pub(super) fn reply<R: Reply>(&self, kind: R::Kind) -> Result<R, String> {
        self.canary.reply(&self.response, kind, &self.exchange.question.nonce)
    }

    /// Why this answer brings no result.
    pub(super) fn missed(&self, why: impl AsRef<str>) -> String {
        format!("{}, {}: {}", self.canary.settings.name, self.asked, plain(why.as_ref()))
    }

    /// Digest of the request as it was sent.
    pub(super) fn request_sha256(&self) -> Sha256 {
        Sha256::of(self.exchange.question.request.as_bytes())
    }

    /// Adds what was asked and answered.
    pub(super) fn evidence(&self, judgement: Judgement) -> Judgement {
        let path = self.asked.resource().path(&self.exchange.question.nonce);
        let port = self.canary.settings.http_port.unwrap_or_default();
        let mut judgement = judgement
            .with("url", format!("http://{}:{port}{path}", self.canary.settings.name))
            .with("http_status", self.response.status)
            .with("received_sha256", Sha256::of(&self.response.body))
            .with("received_bytes", self.response.body.len());
        for field in ["Location", "Content-Type", "Via"] {
            if let Some(value) = self.response.field(field) {
                judgement = judgement.with(field.to_ascii_lowercase().replace('-', "_"), plain(value));
            }
        }
        judgement
    }

    /// Adds the reply that was verified, for a second person to verify.
    pub(super) fn proof(&self, judgement: Judgement) -> Judgement {
        match self.response.field(REPLY_HEADER) {
            Some(token) => judgement.with("canary_reply", token),
            None => judgement,
        }
    }
}
