//! The pin check: does a pinned host present a key that the organisation pinned?
//!
//! A set matches where one of its pins is the key of the leaf, of an intermediate or of the root of the verified path
//! (RFC 7469, section 2.6); what else the peer sent along counts for nothing. Each set is judged by itself, at each
//! endpoint and canary of its host:
//!
//! | the chain is | the set | judged |
//! |---|---|---|
//! | genuine | matches | clean, an expired set too |
//! | genuine | does not match | interception, suspicious: an authority may have been misused |
//! | genuine by the canary's own proof | does not match | nothing: the set is wrong, and the administrator is told |
//! | any | does not match, and has expired or no backup | nothing: the administrator is told |
//! | by a declared inspection root | | managed inspection, benign |
//! | vouched for by nobody, or by this device alone | | as the chain check says, suspicious |
//! | out of date, or somebody else's | does not match | nothing: it is the chain check that judges it |
//!
//! A pinned host that cannot be looked at leaves interception undecided, so that what a mismatch showed is not resolved
//! by the chain check, to which the same chain looks genuine.

use super::Scene;
use super::canary::Tally;
use super::chain::Standing;
use super::sighting::{Session, Sighting};
use crate::model::{
    CheckId, CheckOutcome, Detection, Judgement, PinSet, ProbeEndpoint, SpkiPin, Timestamp, Verdict,
};

/// Different keys that a set needs to be enforced: the one in use and a backup (RFC 7469, section 2.5).
const MIN_PINS: usize = 2;

/// Judges every pin set of the settings.
pub(super) fn judge(scene: &Scene<'_>) -> CheckOutcome {
    if scene.settings.pins.is_empty() {
        let why = "no pins are configured: the administrator names them in pins";
        return CheckOutcome::unknown(CheckId::TlsPins, why);
    }
    let mut all = All::default();
    for set in &scene.settings.pins {
        let of_host = |endpoint: &ProbeEndpoint| endpoint.host.eq_ignore_ascii_case(&set.host);
        let mut sightings = scene.sightings.iter().filter(|(endpoint, _)| of_host(endpoint)).peekable();
        if sightings.peek().is_none() {
            all.tally.total += 1;
            let why = "pinned, and neither endpoint nor canary: the administrator names it in endpoints";
            all.tally.missed.push(format!("{}: {why}", set.host));
        }
        for (_, sighting) in sightings {
            all.add(set, sighting.as_ref(), scene);
        }
    }
    all.outcome()
}

/// All sets together.
#[derive(Default)]
struct All {
    tally: Tally,
    /// The hosts that present a pinned key, and which.
    matched: Vec<String>,
    /// Whether an enforced set could not be held against a chain.
    is_undecided: bool,
}

/// What one set says of one chain.
enum Finding {
    Matches(String),
    Judged(Judgement),
    /// The set is not enforced, and why.
    Idle(String),
    /// There is no chain that the set could be held against, and why.
    Unseen(String),
}

impl All {
    fn add(&mut self, set: &PinSet, sighting: Result<&Sighting<'_>, &String>, scene: &Scene<'_>) {
        self.tally.total += 1;
        let finding = match sighting {
            Ok(sighting) if scene.is_held(sighting) => {
                Finding::Unseen("a captive portal answers in its place".to_owned())
            }
            Ok(sighting) => finding(set, sighting, scene.now),
            Err(why) => Finding::Unseen(why.clone()),
        };
        match finding {
            Finding::Matches(words) => {
                self.tally.settled += 1;
                self.matched.push(format!("{} ({words})", set.host));
            }
            Finding::Judged(judgement) => {
                self.tally.settled += 1;
                self.tally.found.push(judgement);
            }
            Finding::Idle(why) => self.tally.missed.push(format!("{}: {why}", set.host)),
            Finding::Unseen(why) => {
                self.is_undecided |= unenforced(set, scene.now).is_none();
                self.tally.missed.push(format!("{}: {why}", set.host));
            }
        }
    }

    fn outcome(self) -> CheckOutcome {
        let praise = format!("pinned hosts present a pinned key: {}", self.matched.join(", "));
        let mut outcome = self.tally.outcome(CheckId::TlsPins, &praise);
        let is_judged = outcome.judgements.iter().any(|it| it.detection == Detection::TlsInterception);
        if self.is_undecided && !is_judged {
            let judgement = Judgement::new(Detection::TlsInterception, Verdict::Inconclusive);
            outcome
                .judgements
                .push(judgement.because("no chain of a pinned host could be held against its pins"));
        }
        outcome
    }
}

fn finding(set: &PinSet, sighting: &Sighting<'_>, now: Timestamp) -> Finding {
    let (host, phrase) = (&set.host, sighting.phrase());
    let vouched_for = matches!(sighting.standing, Standing::Genuine | Standing::OutOfDate { .. });
    let matching = matching(set, sighting);
    if let Some(words) = matching.as_ref().filter(|_| vouched_for && !sighting.is_broken()) {
        return match backup_missing(set) {
            Some(why) => Finding::Idle(format!("{words} matches, but {why}")),
            None => Finding::Matches(words.clone()),
        };
    }
    if sighting.standing == Standing::Inspected {
        let reason = format!("the organisation inspects TLS to {host}, so its pins do not match");
        let judgement = Judgement::new(Detection::ManagedInspection, Verdict::Benign).because(reason);
        return Finding::Judged(sighting.evidence(judgement));
    }
    if let Some(why) = unenforced(set, now) {
        let said = if matching.is_some() { "a pinned key that does not count" } else { "no pin matches" };
        return Finding::Idle(format!("{said}, but {why}"));
    }
    let reason = match sighting.standing {
        Standing::OutOfDate { .. } | Standing::OtherName => {
            return Finding::Unseen(format!("no pin matches {phrase}"));
        }
        _ if matching.is_some() => format!("{host} presents {phrase}, so its pinned key does not count"),
        _ if sighting.session == Session::Whole => {
            let why =
                "no pin matches a canary that proved its session: the administrator corrects the pin set";
            return Finding::Idle(why.to_owned());
        }
        Standing::Genuine => format!("{host} presents {phrase}, and no key of its chain is pinned"),
        _ => format!("{host} presents {phrase}, and no pin matches"),
    };
    let judgement = Judgement::new(sighting.detection(), Verdict::Suspicious).because(reason);
    let judgement = sighting.evidence(judgement).with("pins_expire", set.expires);
    let judgement = set.spki.iter().fold(judgement, |judgement, pin| judgement.with("pin_expected", pin));
    Finding::Judged(
        keys(sighting).iter().fold(judgement, |judgement, key| judgement.with("key_in_chain", key)),
    )
}

/// Whose key one of the set's pins matches, in words.
fn matching(set: &PinSet, sighting: &Sighting<'_>) -> Option<String> {
    let keys = keys(sighting);
    let (place, key) = keys.iter().enumerate().find(|(_, key)| set.spki.contains(key))?;
    let whose = match place {
        0 => "leaf",
        place if place + 1 == keys.len() => "root",
        _ => "intermediate",
    };
    Some(format!("the {whose}'s key {key}"))
}

/// The keys of the verified path, leaf first. Of a chain that nobody vouches for, the leaf's alone.
fn keys(sighting: &Sighting<'_>) -> Vec<SpkiPin> {
    match &sighting.path {
        Some(path) => path.keys.iter().copied().map(SpkiPin::from_digest).collect(),
        None => sighting.leaf_key().into_iter().collect(),
    }
}

/// Why nothing follows from a mismatch with `set`, if so.
fn unenforced(set: &PinSet, now: Timestamp) -> Option<String> {
    let expired = (set.expires <= now)
        .then(|| format!("the pin set expired at {}: the administrator renews it in pins", set.expires));
    expired.or_else(|| backup_missing(set))
}

fn backup_missing(set: &PinSet) -> Option<String> {
    let mut pins = set.spki.clone();
    pins.sort_unstable();
    pins.dedup();
    (pins.len() < MIN_PINS).then(|| {
        "the pin set has no backup and is not enforced: the administrator adds the pin of a spare key"
            .to_owned()
    })
}
