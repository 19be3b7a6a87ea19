//! Attempts at one probe: each bounded in time, repeated only on loss.

use std::net::IpAddr;

use tokio::time::{Instant, sleep_until, timeout_at};

use crate::network::limits::{ATTEMPT_TIMEOUT, BACKOFF, MAX_ATTEMPTS, RECORD_MARGIN};
use crate::network::observation::{Attempt, Failure, FailureKind, Outcome, Phase};

/// One kind of question to a peer.
pub(super) trait Exchange: Sync {
    /// What an answer is.
    type Answer: Send;

    /// Asks once, and keeps `trace` up to date so that a time-out can be told apart from another.
    fn attempt(&self, trace: &mut Trace) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;

    /// Whether `answer` is only the beginning of one and the rest was lost: it is kept, and asked for again.
    fn is_cut_off(_answer: &Self::Answer) -> bool {
        false
    }

    /// Whether to ask again after `failure` of attempt `number`: what was lost may get through another time.
    fn is_worth_another(&self, _number: u32, failure: &Failure) -> bool {
        failure.kind.is_loss()
    }
}

/// How far an attempt has come.
pub(super) struct Trace {
    /// 0 for the first attempt.
    pub(super) number: u32,
    /// What is under way.
    pub(super) phase: Phase,
    /// Where it connects to.
    pub(super) address: Option<IpAddr>,
    end: Instant,
    deadline: Instant,
}

impl Trace {
    /// Waits for the last part of an answer until shortly before the attempt ends, so that the first part is not
    /// lost with it.
    pub(super) async fn last_part<T>(
        &self,
        part: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let end = self.end.checked_sub(RECORD_MARGIN).unwrap_or(self.end);
        timeout_at(end, part).await.unwrap_or_else(|_| Err(self.too_late()))
    }

    fn too_late(&self) -> Failure {
        if self.end == self.deadline {
            Failure::new(self.phase, FailureKind::Deadline, "the scan ended first")
        } else {
            let what = format!("no answer in {} s", ATTEMPT_TIMEOUT.as_secs());
            Failure::new(self.phase, FailureKind::TimedOut, what)
        }
    }
}

/// Asks until there is a whole answer, a failure that is not worth another attempt, or the deadline; at least one
/// attempt is recorded.
pub(super) async fn attempts<E: Exchange>(exchange: &E, deadline: Instant) -> Vec<Attempt<E::Answer>> {
    let mut attempts = Vec::new();
    for number in 0..MAX_ATTEMPTS {
        sleep_until(deadline.min(Instant::now() + BACKOFF * number)).await;
        let attempt = one(exchange, number, deadline).await;
        let again = match &attempt.outcome {
            Outcome::Answered(answer) => E::is_cut_off(answer),
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
pub(super) async fn one<E: Exchange>(exchange: &E, number: u32, deadline: Instant) -> Attempt<E::Answer> {
    let begin = Instant::now();
    let end = deadline.min(begin + ATTEMPT_TIMEOUT);
    let mut trace = Trace { number, phase: Phase::Resolve, address: None, end, deadline };
    // An attempt after the deadline is recorded without a packet: `timeout_at` would begin it.
    let ended =
        if begin < deadline { timeout_at(end, exchange.attempt(&mut trace)).await.ok() } else { None };
    let outcome = match ended {
        Some(Ok(answer)) => Outcome::Answered(answer),
        Some(Err(failure)) => Outcome::Failed(failure),
        None => Outcome::Failed(trace.too_late()),
    };
    Attempt { address: trace.address, elapsed_ms: milliseconds(begin), outcome }
}

/// Time since then.
pub(super) fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
