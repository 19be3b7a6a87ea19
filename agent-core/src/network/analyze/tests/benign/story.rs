//! One benign set in the making: its causes, its times, and what becomes of each attempt.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::cause::{self, Cause};
use super::dice::Dice;
use super::place::{Place, Platform};
use crate::model::Timestamp;
use crate::network::observation::{Attempt, Failure, FailureKind, Fallback, Outcome, Phase, failure};
use crate::network::testing::NOW;

/// What was under way, and what went wrong.
pub(super) type Trouble = (Phase, FailureKind);

pub(super) struct Story {
    pub(super) dice: Dice,
    pub(super) causes: BTreeSet<Cause>,
    pub(super) place: Place,
    pub(super) platform: Platform,
    /// The true time.
    pub(super) truth: Timestamp,
    /// The time by this device's clock.
    pub(super) now: Timestamp,
    /// Attempts that are lost, of ten thousand.
    loss: u64,
    /// Probes until all of one is lost, or until the scan ends.
    countdown: u64,
}

impl Story {
    pub(super) const SILENCE: Trouble = (Phase::Connect, FailureKind::TimedOut);

    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let place = match dice.below(100) {
            0..30 => Place::Home,
            30..50 => Place::Office,
            50..65 => Place::Hotspot,
            65..93 => Place::Cellular,
            _ => Place::Wired,
        };
        let platform = match dice.below(100) {
            0..35 => Platform::Android,
            35..55 => Platform::AndroidWithoutLocation,
            55..85 => Platform::Ios,
            _ => Platform::Linux,
        };
        let causes = cause::draw(&mut dice, place);
        // Eight days to either side, in sixteen steps: replies of the same time are signed once.
        let truth = NOW.plus_seconds(dice.between(-8, 7) * 86_400 + 1234);
        let now = by_the_clock(&mut dice, &causes, truth);
        let loss = match () {
            () if causes.contains(&Cause::NoWayOut) => 10_000,
            () if causes.contains(&Cause::HeavyLoss) => dice.between(2000, 6000) as u64,
            () if causes.contains(&Cause::Loss) => dice.between(200, 1000) as u64,
            () => 0,
        };
        let countdown = dice.below(30);
        Self { dice, causes, place, platform, truth, now, loss, countdown }
    }

    /// An earlier scan of the same network by the same device, `seconds` ago, in which nothing was odd.
    pub(super) fn uneventful(&mut self, seconds: i64, is_captive: bool) -> Self {
        use Cause::*;
        let stays = |cause: &&Cause| match cause {
            PrivateAuthority | PrivateRootNotSent | YoungRoot | CanaryKeyRotated | Nat64 | Nat64Declared
            | Inspected | InspectedInPart | SplitHorizon | Vpn | PrivateDns | PrivateDnsMay | DoubleNat
            | SetProxy | MuteVerifier | FirstHop | ProxyArp | PortalApi => true,
            Portal | PortalRedirects | PortalPage | Portal511 | PortalHijacksDns | PortalOtherName
            | PortalExpired | PortalSelfSigned | PortalMakesUp | PortalRefusesTls => is_captive,
            _ => false,
        };
        let truth = self.truth.plus_seconds(-seconds);
        let mut causes: BTreeSet<_> = self.causes.iter().filter(stays).copied().collect();
        if self.has(PrivateDnsBlocked) {
            causes.insert(PrivateDns);
        }
        Self {
            dice: Dice::new(self.dice.below(u64::MAX)),
            causes,
            truth,
            now: truth,
            loss: 0,
            countdown: u64::MAX,
            place: self.place,
            platform: self.platform,
        }
    }

    pub(super) fn has(&self, cause: Cause) -> bool {
        self.causes.contains(&cause)
    }

    /// Whether nothing gets through, or a portal is in the way.
    pub(super) fn is_cut_off(&self) -> bool {
        self.has(Cause::NoWayOut) || self.has(Cause::Portal)
    }

    /// What a measurement writes down of up to three attempts, if what is there ends in `met`.
    pub(super) fn attempts<T: Clone>(
        &mut self,
        address: Option<IpAddr>,
        met: Result<T, Trouble>,
    ) -> Vec<Attempt<T>> {
        self.countdown = self.countdown.wrapping_sub(1);
        if self.has(Cause::EndsEarly) && self.countdown > u64::MAX / 2 {
            return vec![self.failed(None, (Phase::Connect, FailureKind::Deadline))];
        }
        let is_lost = self.has(Cause::OneProbeLost) && self.countdown == 0;
        let loss = if is_lost { 10_000 } else { self.loss };
        let mut attempts = Vec::new();
        while attempts.len() < 3 {
            let attempt = self.once(address, met.clone(), loss);
            let is_last = match &attempt.outcome {
                Outcome::Answered(_) => true,
                Outcome::Failed(failure) => !failure.kind.is_loss(),
            };
            attempts.push(attempt);
            if is_last {
                break;
            }
        }
        attempts
    }

    /// The closer look that follows `attempts`, with what `met` looks like in TLS 1.2.
    pub(super) fn fallback<T: Clone>(
        &mut self,
        address: Option<IpAddr>,
        attempts: &[Attempt<T>],
        met: &Result<T, Trouble>,
        older: impl FnOnce(T) -> T,
    ) -> Option<Fallback<T>> {
        if !failure(attempts)?.may_be_a_downgrade() {
            return None;
        }
        let older = self.once(address, met.clone().map(older), self.loss);
        let again = match &older.outcome {
            Outcome::Answered(_) => Some(self.once(address, met.clone(), self.loss)),
            Outcome::Failed(_) => None,
        };
        Some(Fallback { older, again })
    }

    fn once<T>(&mut self, address: Option<IpAddr>, met: Result<T, Trouble>, loss: u64) -> Attempt<T> {
        if self.dice.chance(loss) {
            let lost = self.dice.pick(&LOST);
            return self.failed(address, lost);
        }
        match met {
            Ok(answer) => {
                let elapsed_ms = self.dice.between(15, 900) as u64;
                Attempt { address, elapsed_ms, outcome: Outcome::Answered(answer) }
            }
            Err(trouble) => self.failed(address, trouble),
        }
    }

    /// The same for what is asked last, for which a slow link leaves no time.
    pub(super) fn late<T: Clone>(
        &mut self,
        address: Option<IpAddr>,
        met: Result<T, Trouble>,
    ) -> Vec<Attempt<T>> {
        let met = if self.has(Cause::Slow) && self.dice.chance(7000) {
            Err((Phase::Http, FailureKind::Deadline))
        } else {
            met
        };
        self.attempts(address, met)
    }

    fn failed<T>(&mut self, address: Option<IpAddr>, (phase, kind): Trouble) -> Attempt<T> {
        let address = address.filter(|_| phase != Phase::Resolve);
        let elapsed_ms = if kind == FailureKind::TimedOut { 3000 } else { self.dice.between(5, 400) as u64 };
        Attempt { address, elapsed_ms, outcome: Outcome::Failed(ended(phase, kind)) }
    }
}

/// A reset is rare among what loss looks like: by a translator that forgot the connection.
const LOST: [Trouble; 8] = [
    (Phase::Connect, FailureKind::TimedOut),
    (Phase::Connect, FailureKind::TimedOut),
    (Phase::Connect, FailureKind::TimedOut),
    (Phase::Tls, FailureKind::TimedOut),
    (Phase::Tls, FailureKind::TimedOut),
    (Phase::Resolve, FailureKind::NameNotResolved),
    (Phase::Connect, FailureKind::Unreachable),
    (Phase::Tls, FailureKind::Reset),
];

pub(super) fn ended(phase: Phase, kind: FailureKind) -> Failure {
    Failure { phase, kind, detail: "as the set wants".to_owned() }
}

fn by_the_clock(dice: &mut Dice, causes: &BTreeSet<Cause>, truth: Timestamp) -> Timestamp {
    const DAY: i64 = 86_400;
    let off = |dice: &mut Dice, low, high| dice.between(low, high) * dice.pick(&[-1, 1]);
    let has = |cause| causes.contains(&cause);
    let seconds = match () {
        () if has(Cause::SkewYears) => off(dice, 365 * DAY, 7 * 365 * DAY),
        () if has(Cause::ClockReset) => {
            return Timestamp::from_unix(dice.pick(&[0, 315_964_800, 946_684_800]));
        }
        () if has(Cause::SkewDays) => off(dice, DAY, 300 * DAY),
        () if has(Cause::SkewHours) => off(dice, 5 * 60, 13 * 3600),
        () if has(Cause::SkewSeconds) => off(dice, 1, 240),
        () => 0,
    };
    truth.plus_seconds(seconds)
}
