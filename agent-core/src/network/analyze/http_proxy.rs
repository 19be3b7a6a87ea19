//! The proxy check: requests over clear HTTP must arrive at the canary byte for byte.
//!
//! A proxy that adds fields, mends their case or refuses an odd request line is usual with carriers: benign, with
//! what was sent and what arrived.

use super::canary::{Canary, Tally};
use super::clear::{Heard, Way, askable};
use crate::canary::{Content, ContentReply};
use crate::model::{CheckId, CheckOutcome, Detection, Judgement, Sha256, Verdict};
use crate::network::observation::ClearQuestion;
use crate::network::words::plain;

/// Lines of a changed request that are shown.
const MAX_LINES: usize = 8;

/// Judges the echoes.
pub(super) fn judge(canaries: &[Canary<'_>], way: Way) -> CheckOutcome {
    let canaries = match askable(CheckId::HttpProxy, canaries, way) {
        Ok(canaries) => canaries,
        Err(outcome) => return outcome,
    };
    let mut tally = Tally { total: canaries.len(), ..Tally::default() };
    for canary in canaries {
        match proxied(canary) {
            Ok(found) => {
                tally.settled += 1;
                tally.found.extend(found);
            }
            Err(why) => tally.missed.push(why),
        }
    }
    tally.outcome(CheckId::HttpProxy, "canaries received the requests as they were sent")
}

fn proxied(canary: &Canary<'_>) -> Result<Option<Judgement>, String> {
    let plain_echo = Heard::of(canary, ClearQuestion::Echo)?;
    let reply: ContentReply = plain_echo.reply(Content::Echo).map_err(|why| plain_echo.missed(why))?;
    if reply.request_as_received_sha256 != plain_echo.request_sha256() {
        return Ok(Some(changed(&plain_echo, &reply)));
    }
    if let Some(via) = plain_echo.response.field("Via") {
        let name = &canary.settings.name;
        let reason = format!("the answer of {name} came by a proxy that calls itself \"{}\"", plain(via));
        return Ok(Some(plain_echo.evidence(benign(reason))));
    }
    // Anybody may drop what is no HTTP; only an answer tells that somebody reads along.
    let Ok(odd) = Heard::of(canary, ClearQuestion::OddEcho) else { return Ok(None) };
    match odd.reply::<ContentReply>(Content::Echo) {
        Ok(reply) if reply.request_as_received_sha256 != odd.request_sha256() => {
            Ok(Some(changed(&odd, &reply)))
        }
        Ok(_) => Ok(None),
        Err(_) => {
            let reason = format!(
                "somebody between this device and {} answered HTTP {} to a request that is no HTTP",
                canary.settings.name, odd.response.status
            );
            Ok(Some(odd.evidence(benign(reason))))
        }
    }
}

fn changed(heard: &Heard<'_>, reply: &ContentReply) -> Judgement {
    let name = &heard.canary.settings.name;
    let mut judgement =
        benign(format!("a proxy changed the request on its way to {name}, as carriers' proxies do"));
    // The body is what arrived, unless that was changed too.
    let received: &[u8] = &heard.response.body;
    if Sha256::of(received) == reply.body_sha256 {
        let sent = heard.exchange.question.request.as_bytes();
        for line in lines_beyond(sent, received) {
            judgement = judgement.with("line_sent", line);
        }
        for line in lines_beyond(received, sent) {
            judgement = judgement.with("line_received", line);
        }
    }
    heard.proof(heard.evidence(judgement))
}

fn benign(reason: String) -> Judgement {
    Judgement::new(Detection::TransparentProxy, Verdict::Benign).because(reason)
}

/// Lines of `these` that `those` lack.
fn lines_beyond(these: &[u8], those: &[u8]) -> Vec<String> {
    let lines = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let those = lines(those);
    let beyond = lines(these).into_iter().filter(|line| !those.contains(line));
    beyond.take(MAX_LINES).map(|line| plain(&line)).collect()
}
