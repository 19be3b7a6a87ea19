//! Thirty thousand honest networks, none of which may be called an attack.
//!
//! A set is what one scan records, the settings it is judged by, the device's clock and what is remembered of the
//! network. It follows from a number, its seed: [`story::Story`] draws a place, a platform and the causes that make it
//! look odd, each independently of the others, and the rest of the folder writes down what a measurement would.
//! The rates are in [`cause`]; the report of the test says how often each occurred. In round figures, of all sets:
//!
//! | | |
//! |---|---|
//! | place | 30 % home, 20 % office, 15 % hotspot, 28 % cellular, 7 % wired |
//! | platform | 55 % Android (a third of it without the location permission), 30 % iOS, 15 % Linux |
//! | a sign-in page | 7 %: a redirect, a page or 511, and over HTTPS one of six kinds; a third hijacks DNS too |
//! | lost attempts | 14 % few, 3 % many; 5 % lose one probe, 6 % are slow, 1.5 % end early, 1 % have no way out |
//! | a wrong clock | 24 % by seconds, 1.5 % by hours, 0.8 % by days, 0.8 % by years, 0.3 % reset |
//! | servers | 8 % rotated, 6 % at another delivery network, 0.8 % not renewed; 14 % under private authorities, 29 % pinned |
//! | canaries | none in 20 %, else one to three; 3 % with one down, 5 % with two keys |
//! | names | 5 % NAT64, 8 % without AAAA, 2 % wildcards, 2 % split horizon, 1.5 % resolvers that err |
//! | a proxy in the path of clear HTTP | one cellular network or office in eight, of eight kinds |
//! | declared TLS inspection | 10 % of offices |
//! | a Wi-Fi that is known, where the platform tells which it is | 70 %, as one or two earlier scans left it: half of them by another access point, router, site, server or exit |
//!
//! Certificates, timestamps of logs and replies are real: issued, signed and verified.
//!
//! Not among them, because no single scan can tell it from an attack: a walled garden that lets the connectivity
//! checks through and answers all else itself; inspection under a root that nobody declared. The organisation is
//! taken to have done what the manual asks for: connectivity checks are set, and a server that does not send its
//! private root is met only by devices that know it and name it. Four causes are suspicious as specified (a filter
//! that answers nobody's address, a network that answers all DNS itself, private DNS that is blocked, a block page):
//! they are rare here, and count.
//!
//! `MTD_BENIGN_SEED=7 cargo test -p agent-core benign::one_seed -- --nocapture` prints one set and its judgement.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use self::cause::Cause;
use self::place::{Place, Site};
use self::pool::{Kind, POOL};
use self::story::Story;
use super::world::found;
use crate::model::{Detection, Fact, NetworkSettings, TrustVerdict, Verdict};
use crate::network::analyze::judge_under;
use crate::network::baseline::{Baseline, network_key};
use crate::network::observation::{Observations, Outcome, PortalApiAnswer, PortalApiProbe, answer};
use crate::network::testing::{Dates, handshake};
use crate::network::{Judged, Recording};

mod canaries;
mod cause;
mod dice;
mod names;
mod place;
mod pool;
mod servers;
mod story;

const SETS: u64 = 30_000;

/// At most one in two hundred (NETWORK.md, budgets).
const SUSPICIOUS: u64 = SETS / 200;

#[test]
fn thirty_thousand_benign_sets_raise_no_alarm() {
    let report = in_parallel(|seed| {
        let set = Benign::of(seed);
        let judged = judge(&set.recording);
        let found = found(&judged.outcomes).into_iter().map(|(detection, _, verdict)| (detection, verdict));
        Report::of(seed, &set.causes, found.collect())
    });
    println!("{}", report.table());
    assert_eq!(report.sets, SETS);
    let absent: Vec<_> = Cause::ALL.iter().filter(|cause| !report.causes.contains_key(cause)).collect();
    assert!(absent.is_empty(), "causes that never occur: {absent:?}");
    assert!(report.confirmed.is_empty(), "confirmed: {:#?}", report.confirmed);
    let suspicious = report.suspicious.len() as u64;
    assert!(suspicious <= SUSPICIOUS, "{suspicious} suspicious: {:#?}", report.suspicious);
}

/// The sets are no alibi: an interception in two networks is found in each in which it can be seen.
#[test]
fn an_attack_on_a_benign_set_is_confirmed() {
    let mut attacked = 0;
    for seed in 0..2000 {
        let mut set = Benign::of(seed);
        if set.causes.contains(&Cause::Portal) || !set.intercept() {
            continue;
        }
        attacked += 1;
        // Where no connectivity check was answered, a portal may be there, for all that can be known.
        let clear_check = &set.recording.observations.captive[0];
        let expected =
            if answer(&clear_check.attempts).is_some() { Verdict::Confirmed } else { Verdict::Suspicious };
        let judged = judge(&set.recording);
        let mut found = found(&judged.outcomes).into_iter();
        let is_found = found
            .any(|(detection, _, verdict)| detection == Detection::TlsInterception && verdict >= expected);
        assert!(is_found, "seed {seed}: {:#?}", judged.outcomes);
    }
    assert!(attacked > 800, "only {attacked} sets could be attacked");
}

#[test]
fn one_seed_makes_one_set() {
    let wanted = std::env::var("MTD_BENIGN_SEED").ok();
    let seed = wanted.as_ref().map_or(0, |seed| seed.parse().unwrap());
    let set = Benign::of(seed);
    assert_eq!(set.recording, Benign::of(seed).recording);
    if wanted.is_some() {
        println!("seed {seed}: {}", listed(&set.causes));
        println!("{}", serde_json::to_string_pretty(&set.recording).unwrap());
        println!("{:#?}", judge(&set.recording));
    }
}

/// The only place where sets are judged.
fn judge(recording: &Recording) -> Judged {
    judge_under(&POOL.public_roots(), recording)
}

/// One set.
struct Benign {
    causes: BTreeSet<Cause>,
    recording: Recording,
}

impl Benign {
    fn of(seed: u64) -> Self {
        let mut story = Story::new(seed);
        let mut settings = NetworkSettings::default();
        let kinds = story.set_servers(&mut settings);
        story.set_canaries(&mut settings);
        story.set_names(&mut settings);
        if story.place == Place::Office {
            settings.inspection_roots = vec![POOL.inspector.pin()];
            settings.proxies = vec![place::PROXY.to_owned()];
        }
        let site = Site::of(&mut story);
        let observations = observe(&mut story, &settings, &kinds, &site);
        let known = network_key(&observations.network).filter(|_| !story.has(Cause::NewNetwork));
        let baseline = known.map(|_| remembered(&mut story, &settings, &kinds, &site));
        let recording = Recording { observations, settings, baseline, now: story.now };
        Self { causes: story.causes, recording }
    }

    /// Puts an attacker's certificates at all endpoints that answered, if that are two in different networks.
    fn intercept(&mut self) -> bool {
        let mut networks = BTreeSet::new();
        for probe in &mut self.recording.observations.tls {
            let chain = POOL.evil.chain(&probe.target.host, Dates(2020, 2040));
            for attempt in &mut probe.attempts {
                if matches!(attempt.outcome, Outcome::Answered(_)) {
                    attempt.outcome = Outcome::Answered(handshake(chain.clone()));
                    let why = "unknown issuer".to_owned();
                    probe.platform = Some(Fact::known(TrustVerdict::Rejected { why }));
                    networks.insert(probe.target.network.clone());
                }
            }
        }
        networks.len() > 1
    }
}

fn observe(story: &mut Story, settings: &NetworkSettings, kinds: &[Kind], site: &Site) -> Observations {
    let network = site.snapshot(story);
    let captive = story.captive(settings);
    let tls = story.endpoints(settings, kinds);
    let canaries = story.canary_probes(settings, site);
    let dns = story.queries(settings, site);
    let dns_tls = story.follow(settings, &dns);
    let destinations = settings.canaries.iter().filter_map(|canary| canary.addresses.first()).take(2);
    let paths = destinations.map(|destination| site.path(story, *destination)).collect();
    let portal_api = network.portal_api.value().cloned().map(|url| {
        let captive = story.has(Cause::Portal);
        let user_portal_url = captive.then(|| servers::SIGN_IN.to_owned());
        let handshake = handshake(POOL.presented("portal.cafe.example", Kind::Current).chain.clone());
        let answer = PortalApiAnswer { captive, user_portal_url, handshake };
        PortalApiProbe { url, attempts: story.attempts(None, Ok(answer)) }
    });
    let network_after = story.dice.chance(7000).then(|| network.clone());
    Observations {
        captive,
        tls,
        canaries,
        dns,
        dns_tls,
        paths,
        portal_api,
        network_after,
        ..Observations::of(network)
    }
}

/// What one or two earlier scans of the same network left: uneventful ones, of one endpoint and of one canary over TLS
/// alone, so that they cost little.
fn remembered(story: &mut Story, settings: &NetworkSettings, kinds: &[Kind], site: &Site) -> Baseline {
    const HOUR: i64 = 3600;
    let mut settings = settings.clone();
    settings.endpoints.truncate(1);
    settings.canaries.truncate(1);
    settings.canaries.iter_mut().for_each(|canary| (canary.http_port, canary.zone) = (None, None));
    let mut visits = vec![(24 * HOUR, false)];
    if story.dice.chance(3000) {
        visits.insert(0, (72 * HOUR, false));
    }
    if story.has(Cause::PortalReturned) {
        visits = vec![(HOUR, false)];
    }
    if story.has(Cause::PortalLasts) {
        visits.push((HOUR / 3, true));
    }
    let mut baseline = None;
    for (ago, is_captive) in visits {
        let past = site.before(story);
        let mut quiet = story.uneventful(ago, is_captive);
        let observations = observe(&mut quiet, &settings, kinds, &past);
        let recording = Recording { observations, settings: settings.clone(), baseline, now: quiet.now };
        baseline = Some(judge(&recording).baseline);
    }
    baseline.unwrap_or_default()
}

/// What came of all sets.
#[derive(Default)]
struct Report {
    sets: u64,
    causes: BTreeMap<Cause, u64>,
    /// Sets by cause (none: of any) and what was found in them.
    found: BTreeMap<(Detection, Verdict), BTreeMap<Option<Cause>, u64>>,
    suspicious: Vec<String>,
    confirmed: Vec<String>,
}

impl Report {
    fn of(seed: u64, causes: &BTreeSet<Cause>, found: BTreeSet<(Detection, Verdict)>) -> Self {
        let mut report =
            Self { sets: 1, causes: causes.iter().map(|cause| (*cause, 1)).collect(), ..Self::default() };
        let gravest = found.iter().map(|(_, verdict)| *verdict).max();
        for judged in found.iter().copied() {
            let by_cause = causes.iter().copied().map(Some).chain([None]);
            report.found.insert(judged, by_cause.map(|cause| (cause, 1)).collect());
        }
        let line = || vec![format!("seed {seed}: {found:?} of {}", listed(causes))];
        match gravest {
            Some(Verdict::Confirmed) => report.confirmed = line(),
            Some(Verdict::Suspicious) => report.suspicious = line(),
            _ => {}
        }
        report
    }

    fn add(&mut self, other: Self) {
        self.sets += other.sets;
        for (cause, count) in other.causes {
            *self.causes.entry(cause).or_default() += count;
        }
        for (judged, by_cause) in other.found {
            let known = self.found.entry(judged).or_default();
            by_cause.into_iter().for_each(|(cause, count)| *known.entry(cause).or_default() += count);
        }
        self.suspicious.extend(other.suspicious);
        self.confirmed.extend(other.confirmed);
    }

    fn table(&self) -> String {
        let mut text = format!("{} sets\n\ncauses\n", self.sets);
        for (cause, count) in &self.causes {
            writeln!(text, "  {cause:<36} {count:>6}").unwrap();
        }
        for ((detection, verdict), by_cause) in &self.found {
            writeln!(text, "\n{detection} {verdict}: {} sets, with", by_cause[&None]).unwrap();
            let mut by_count: Vec<_> =
                by_cause.iter().filter_map(|(cause, count)| Some(((*cause)?, count))).collect();
            by_count.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
            for (cause, count) in by_count.into_iter().take(12) {
                writeln!(text, "  {cause:<36} {count:>6}").unwrap();
            }
        }
        let (suspicious, confirmed) = (self.suspicious.len(), self.confirmed.len());
        writeln!(text, "\n{suspicious} sets suspicious, {confirmed} confirmed").unwrap();
        text
    }
}

fn listed(causes: &BTreeSet<Cause>) -> String {
    causes.iter().map(|cause| cause.as_str()).collect::<Vec<_>>().join(", ")
}

/// The report of all seeds.
fn in_parallel(one: impl Fn(u64) -> Report + Sync) -> Report {
    let workers = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let mut whole = Report::default();
    std::thread::scope(|scope| {
        let one = &one;
        let share = |worker| {
            scope.spawn(move || {
                let mut part = Report::default();
                (worker..SETS).step_by(workers as usize).for_each(|seed| part.add(one(seed)));
                part
            })
        };
        let threads: Vec<_> = (0..workers).map(share).collect();
        threads.into_iter().for_each(|thread| whole.add(thread.join().unwrap()));
    });
    whole
}
