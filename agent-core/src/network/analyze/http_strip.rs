//! The strip check: a GET over clear HTTP must bring the canary's redirect to HTTPS.
//!
//! | seen | judged |
//! |---|---|
//! | the signed redirect, and the `Location` that was signed | clean |
//! | the signed redirect, and another status or `Location` | stripped |
//! | the canary's signed reply over TLS to this very question | stripped: somebody followed the redirect in this device's place |
//! | a page or a redirect without signature, while no portal holds the network | stripped |
//! | anything else | no result |
//!
//! Stripping is suspicious. It is confirmed where TLS reaches a canary untouched and the canary's signature comes
//! through over clear HTTP: then it is the redirect alone that is wrong. Somebody who answers everything in the
//! canary's place may be a filter that shows its page.

use super::canary::{Canary, Tally};
use super::clear::{Heard, Way, askable};
use crate::canary::{ContentReply, RedirectReply, TlsReply};
use crate::model::{CheckId, CheckOutcome, Detection, Judgement, Verdict};
use crate::network::observation::ClearQuestion;
use crate::network::words::plain;

/// Judges the redirects. `bound` tells that a TLS session reached a canary untouched.
pub(super) fn judge(canaries: &[Canary<'_>], way: Way, bound: bool) -> CheckOutcome {
    let asked = match askable(CheckId::HttpStrip, canaries, way) {
        Ok(asked) => asked,
        Err(outcome) => return outcome,
    };
    let mut tally = Tally { total: asked.len(), ..Tally::default() };
    for canary in asked {
        match Heard::of(canary, ClearQuestion::Redirect).and_then(|heard| stripped(&heard, way)) {
            Ok(found) => {
                tally.settled += 1;
                tally.found.extend(found.map(|judgement| weighed(judgement, bound, canary)));
            }
            Err(why) => tally.missed.push(why),
        }
    }
    tally.outcome(CheckId::HttpStrip, "canaries redirect to HTTPS, as they signed")
}

/// Whether anything that `canary` signed for this device came over clear HTTP.
fn is_reached(canary: &Canary<'_>) -> bool {
    ClearQuestion::ALL.into_iter().filter_map(|asked| Heard::of(canary, asked).ok()).any(|heard| match heard
        .asked
        .content()
    {
        Some(kind) => heard.reply::<ContentReply>(kind).is_ok(),
        None => heard.reply::<RedirectReply>(()).is_ok() || heard.reply::<TlsReply>(()).is_ok(),
    })
}

/// Whether the redirect of `canary` is taken away.
pub(super) fn is_stripped(canary: &Canary<'_>, way: Way) -> bool {
    let heard = Heard::of(canary, ClearQuestion::Redirect);
    heard.and_then(|heard| stripped(&heard, way)).is_ok_and(|found| found.is_some())
}

/// Confirms stripping at `canary` where it is the redirect alone that is wrong. `bound` tells that a TLS session reached
/// a canary untouched.
pub(super) fn weighed(judgement: Judgement, bound: bool, canary: &Canary<'_>) -> Judgement {
    if !bound || !is_reached(canary) {
        return judgement;
    }
    let reason = format!(
        "{}; TLS to a canary is untouched, so it is the way from clear HTTP to HTTPS that is taken away",
        judgement.reason
    );
    Judgement { verdict: Verdict::Confirmed, reason, ..judgement }
}

fn stripped(heard: &Heard<'_>, way: Way) -> Result<Option<Judgement>, String> {
    let (name, status) = (&heard.canary.settings.name, heard.response.status);
    let location = heard.response.field("Location").map(plain);
    let judged = |reason: String| {
        heard.evidence(Judgement::new(Detection::SslStrip, Verdict::Suspicious).because(reason))
    };
    let why = match heard.reply::<RedirectReply>(()) {
        Ok(reply) if (300..400).contains(&status) && location.as_deref() == Some(reply.location.as_str()) => {
            return Ok(None);
        }
        Ok(reply) => {
            let arrived = location.unwrap_or_else(|| "none".to_owned());
            let judgement = judged(format!(
                "{name} signed a redirect to HTTPS, but what arrived is HTTP {status} and the location {arrived}"
            ));
            return Ok(Some(heard.proof(judgement.with("location_signed", plain(&reply.location)))));
        }
        Err(why) => why,
    };
    if heard.reply::<TlsReply>(()).is_ok() {
        let reason = format!(
            "somebody followed the redirect of {name} to HTTPS in this device's place and answers over clear HTTP"
        );
        return Ok(Some(heard.proof(judged(reason))));
    }
    let to_clear = location.as_deref().is_some_and(|location| !starts_with_https(location));
    let replaced = (200..300).contains(&status) || ((300..400).contains(&status) && to_clear);
    if way == Way::Free && replaced {
        return Ok(Some(judged(format!(
            "{name} redirects to HTTPS, but what arrived is HTTP {status} without its signature"
        ))));
    }
    Err(heard.missed(why))
}

fn starts_with_https(location: &str) -> bool {
    location.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
}
