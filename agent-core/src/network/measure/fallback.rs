//! A closer look where the ordinary handshake does not get through: is it TLS 1.3 that is kept out?
//!
//! One handshake with TLS 1.2 alone. Where that is answered, the ordinary one once more: if it fails as before, with
//! an older version getting through in between, it is hardly lost packets. All to the same address, and nothing of it
//! while handshakes succeed.

use rustls::version::TLS12;
use rustls::{ALL_VERSIONS, SupportedProtocolVersion};
use tokio::time::Instant;

use super::attempts::{Exchange, one};
use crate::network::limits::MAX_HANDSHAKE_TIMEOUTS;
use crate::network::observation::{Attempt, Failure, FailureKind, Fallback, Outcome, Phase, answer, failure};

static OLDER: [&SupportedProtocolVersion; 1] = [&TLS12];

/// What a ClientHello offers.
#[derive(Clone, Copy)]
pub(super) enum Offer {
    /// TLS 1.3 and 1.2.
    Every,
    /// TLS 1.2 alone.
    Older,
}

impl Offer {
    pub(super) const fn versions(self) -> &'static [&'static SupportedProtocolVersion] {
        match self {
            Self::Every => ALL_VERSIONS,
            Self::Older => &OLDER,
        }
    }
}

/// Looks closer after `attempts` at `every`, if they failed as they do where TLS 1.3 is kept out. `older` is the same
/// exchange with the older offer.
pub(super) async fn fallback<E: Exchange>(
    every: &E,
    older: &E,
    attempts: &[Attempt<E::Answer>],
    deadline: Instant,
) -> Option<Fallback<E::Answer>> {
    if answer(attempts).is_some() || !failure(attempts)?.may_be_a_downgrade() {
        return None;
    }
    let number = u32::try_from(attempts.len().saturating_sub(1)).unwrap_or_default();
    let older = one(older, number, deadline).await;
    let again = match older.outcome {
        Outcome::Answered(_) => Some(one(every, number, deadline).await),
        Outcome::Failed(_) => None,
    };
    Some(Fallback { older, again })
}

/// Whether another ordinary handshake is worth its time after `failure` of attempt `number`: not where the time is
/// needed for the closer look.
pub(super) fn is_worth_another(number: u32, failure: &Failure) -> bool {
    let is_silent = failure.phase == Phase::Tls && failure.kind == FailureKind::TimedOut;
    failure.kind.is_loss() && !(is_silent && number + 1 >= MAX_HANDSHAKE_TIMEOUTS)
}
