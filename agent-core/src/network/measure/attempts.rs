//! Attempts at one probe: each bounded in time, repeated only on loss.

use std::net::IpAddr;

use tokio::time::{Instant, sleep_until, timeout_at};

use crate::network::limits::{ATTEMPT_TIMEOUT, BACKOFF, MAX_ATTEMPTS};
use crate::network::observation::{Attempt, Failure, FailureKind, Outcome, Phase};

/// One kind of question to a peer.
pub(super) trait Exchange: Sync {
    /// What an answer is.
    type Answer: Send;

    /// Asks once, and keeps `trace` up to date so that a time-out can be told apart from another.
    fn attempt(&self, trace: &mut Trace) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;

    /// Whether to ask again after `failure` of attempt `number`: what was lost may get through another time.
    fn is_worth_another(&self, _number: u32, failure: &Failure) -> bool {
        failure.kind.is_loss()
    }
}

/// How far an attempt has come.
pub(super) struct Trace {
    /// 0 for the first attempt.
    pub(super) number: u32,
    /// Whether there is no other after this one, so that half an answer is better than none.
    pub(super) is_last: bool,
    /// What is under way.
    pub(super) phase: Phase,
    /// Where it connects to.
    pub(super) address: Option<IpAddr>,
}

impl Trace {
    pub(super) const fn new(number: u32, is_last: bool) -> Self {
        Self { number, is_last, phase: Phase::Resolve, address: None }
    }
}

/// Asks until there is an answer, a failure that is not worth another attempt, or the deadline; at least one attempt is recorded.
pub(super) async fn attempts<E: Exchange>(exchange: &E, deadline: Instant) -> Vec<Attempt<E::Answer>> {
    let mut attempts = Vec::new();
    for number in 0..MAX_ATTEMPTS {
        sleep_until(deadline.min(Instant::now() + BACKOFF * number)).await;
        let trace = Trace::new(number, number + 1 == MAX_ATTEMPTS);
        let attempt = one(exchange, trace, deadline).await;
        let again = match &attempt.outcome {
            Outcome::Answered(_) => false,
            Outcome::Failed(failure) => exchange.is_worth_another(number, failure),
        };
        attempts.push(attempt);
        if !again {
            break;
        }
    }
    attempts
}

/// Asks once, within the limit and the deadline.
pub(super) async fn one<E: Exchange>(
    exchange: &E,
    mut trace: Trace,
    deadline: Instant,
) -> Attempt<E::Answer> {
    let begin = Instant::now();
    let end = deadline.min(begin + ATTEMPT_TIMEOUT);
    // An attempt after the deadline is recorded without a packet: `timeout_at` would begin it.
    let ended =
        if begin < deadline { timeout_at(end, exchange.attempt(&mut trace)).await.ok() } else { None };
    let outcome = match ended {
        Some(Ok(answer)) => Outcome::Answered(answer),
        Some(Err(failure)) => Outcome::Failed(failure),
        None => Outcome::Failed(too_late(trace.phase, end == deadline)),
    };
    Attempt { address: trace.address, elapsed_ms: milliseconds(begin), outcome }
}

fn too_late(phase: Phase, by_deadline: bool) -> Failure {
    if by_deadline {
        Failure::new(phase, FailureKind::Deadline, "the scan ended first")
    } else {
        Failure::new(phase, FailureKind::TimedOut, format!("no answer in {} s", ATTEMPT_TIMEOUT.as_secs()))
    }
}

/// Time since then.
pub(super) fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
