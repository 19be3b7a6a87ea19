//! The device's clock against the time that the canaries sign.
//!
//! A reply to a fresh nonce is as young as its question, so its time is the canary's own, give or take the exchange.
//! Two canaries that agree are believed; one, where only one told the time.

use super::canary::Canary;
use super::clear::Heard;
use crate::canary::RedirectReply;
use crate::model::{Detection, Judgement, Timestamp, Verdict};
use crate::network::limits::CLOCK_TOLERANCE;
use crate::network::observation::ClearQuestion;

/// What is known of the time.
pub(super) struct Clock {
    /// The moment by which to judge: the canaries' where the device's is wrong.
    pub(super) now: Timestamp,
    /// Whether canaries vouch for it.
    pub(super) is_vouched_for: bool,
    /// What is wrong with the device's clock.
    pub(super) skew: Option<Judgement>,
}

impl Clock {
    /// Holds the device's `now` against what `canaries` signed.
    pub(super) fn of(canaries: &[Canary<'_>], now: Timestamp) -> Self {
        let told: Vec<_> = canaries
            .iter()
            .filter_map(|canary| Some((canary.settings.name.as_str(), signed_time(canary)?)))
            .collect();
        let Some((name, signed)) = agreed(&told) else {
            return Self { now, is_vouched_for: false, skew: None };
        };
        let ahead = now.unix().saturating_sub(signed.unix());
        if ahead.unsigned_abs() <= CLOCK_TOLERANCE.unsigned_abs() {
            return Self { now, is_vouched_for: true, skew: None };
        }
        let side = if ahead > 0 { "ahead" } else { "behind" };
        let reason = format!(
            "the clock of this device says {now}, {} seconds {side} of the time that {name} signed, {signed}",
            ahead.unsigned_abs()
        );
        let skew = told.iter().fold(
            Judgement::new(Detection::ClockSkew, Verdict::Benign).because(reason).with("device_time", now),
            |judgement, (name, time)| judgement.with("canary", name).with("canary_time", time),
        );
        Self { now: signed, is_vouched_for: true, skew: Some(skew) }
    }
}

/// The first time with which another agrees, or the only one.
fn agreed<'a>(told: &[(&'a str, Timestamp)]) -> Option<(&'a str, Timestamp)> {
    if let [only] = told {
        return Some(*only);
    }
    told.iter().enumerate().find_map(|(place, (name, time))| {
        let agrees = told.iter().skip(place + 1).any(|(_, other)| {
            time.unix().saturating_sub(other.unix()).unsigned_abs() <= CLOCK_TOLERANCE.unsigned_abs()
        });
        agrees.then_some((*name, *time))
    })
}

fn signed_time(canary: &Canary<'_>) -> Option<Timestamp> {
    canary.tls_reply().map(|reply| reply.server_time).or_else(|| {
        let heard = Heard::of(canary, ClearQuestion::Redirect).ok()?;
        heard.reply::<RedirectReply>(()).ok().map(|reply| reply.server_time)
    })
}
