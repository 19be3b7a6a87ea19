//! The scheduler under a clock that stands still until a test moves it.

use proptest::prelude::*;

use super::limits::*;
use super::*;
use crate::model::{CheckId, CheckOutcome, Fact, NetworkSettings, NetworkSnapshot};

const START: i64 = 1_800_000_000;
const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

/// A host that does as the plan says.
struct Host {
    scheduler: Scheduler,
    seconds: i64,
    /// How far the wall clock is off.
    skew: i64,
    around: Surroundings,
}

impl Host {
    fn at(name: &str) -> Self {
        let around = Surroundings { network: network(name), ..Surroundings::default() };
        Self { scheduler: Scheduler::default(), seconds: 0, skew: 0, around }
    }

    /// On a network that was found to be in order a moment ago, and everything since is over.
    fn settled(name: &str) -> Self {
        let mut host = Self::at(name);
        assert_eq!(host.run(ScanTrigger::NetworkChanged), Depth::Everything);
        host.clean();
        host.pass(FRESH_FOR);
        host
    }

    fn now(&self) -> Moment {
        let wall = Timestamp::from_unix(START + self.seconds + self.skew);
        Moment { monotonic: Duration::from_secs(self.seconds.unsigned_abs()), wall }
    }

    fn pass(&mut self, seconds: i64) {
        self.seconds += seconds;
    }

    fn on(&mut self, trigger: ScanTrigger) -> Plan {
        self.scheduler.on(trigger, self.now(), &self.around)
    }

    fn due(&mut self) -> Plan {
        self.scheduler.due(self.now(), &self.around)
    }

    /// Waits as long as it is told to, and begins the scan that follows.
    fn run(&mut self, trigger: ScanTrigger) -> Depth {
        let mut plan = self.on(trigger);
        loop {
            match plan {
                Plan::Now { depth, .. } => return depth,
                Plan::Later { after, .. } => self.pass(after.as_secs() as i64),
                Plan::Skip { .. } => panic!("{trigger} leads to no scan"),
            }
            plan = self.due();
        }
    }

    fn finish(&mut self, outcome: ScanOutcome, bytes: u64) {
        let finished = Finished { network: self.around.network, outcome, bytes };
        self.scheduler.finished(finished, self.now());
    }

    fn clean(&mut self) {
        let clean = clean(self.now().wall);
        self.finish(ScanOutcome::Clean(clean), 60_000);
    }
}

fn network(name: &str) -> Option<NetworkKey> {
    NetworkKey::of(&snapshot(name), &NetworkSettings::default())
}

fn snapshot(name: &str) -> NetworkSnapshot {
    NetworkSnapshot {
        ssid: Fact::known(name.to_owned()),
        gateways: Fact::known(vec!["192.0.2.1".to_owned(), "fe80::1".to_owned()]),
        dns_servers: Fact::known(vec!["192.0.2.53".to_owned()]),
        ..NetworkSnapshot::not_available("not told")
    }
}

fn clean(at: Timestamp) -> Clean {
    Clean { at, exit: None, explained: BTreeSet::new(), outcomes: Vec::new() }
}

fn later(seconds: u64, why: Reason) -> Plan {
    Plan::Later { after: Duration::from_secs(seconds), why }
}

#[test]
fn a_changed_setting_is_looked_at_on_a_settled_network_without_budget_and_despite_back_off() {
    for trigger in [ScanTrigger::AppsChanged, ScanTrigger::SettingsChanged, ScanTrigger::SystemUpdated] {
        let mut host = Host::settled("home");
        for _ in 0..200 {
            host.run(trigger);
            host.finish(ScanOutcome::Inconclusive, MAX_SCAN_BYTES);
            host.pass(PAUSE);
        }
        assert_eq!(host.on(trigger), later(2, Reason::Settling), "{trigger}");
        assert!(matches!(host.on(ScanTrigger::Periodic), Plan::Later { why: Reason::Settling, .. }));
    }
}

#[test]
fn coming_back_where_something_can_be_mended_waits_for_nothing_and_is_not_put_off() {
    let mut host = Host::settled("home");
    host.run(ScanTrigger::NetworkChanged);
    host.clean();
    assert_eq!(host.on(ScanTrigger::Foreground), Plan::Skip { why: Reason::Recent });
    host.around.mendable = true;
    assert_eq!(host.on(ScanTrigger::Periodic), Plan::Skip { why: Reason::Recent });
    assert_eq!(host.on(ScanTrigger::Foreground), later(2, Reason::Settling));
    host.pass(2);
    assert!(matches!(host.due(), Plan::Now { trigger: ScanTrigger::Foreground, .. }));
}

#[test]
fn a_burst_of_events_leads_to_one_scan() {
    let mut host = Host::at("home");
    for _ in 0..5 {
        assert_eq!(host.on(ScanTrigger::NetworkChanged), later(2, Reason::Settling));
        host.pass(1);
    }
    host.pass(1);
    let now = Plan::Now { trigger: ScanTrigger::NetworkChanged, depth: Depth::Everything };
    assert_eq!(host.due(), now);
    assert_eq!(host.due(), Plan::Skip { why: Reason::NothingNew });
}

#[test]
fn a_network_that_never_comes_to_rest_is_looked_at_all_the_same() {
    let mut host = Host::at("home");
    for second in 0..10 {
        assert!(matches!(host.on(ScanTrigger::NetworkChanged), Plan::Later { .. }), "second {second}");
        host.pass(1);
    }
    assert!(matches!(host.on(ScanTrigger::NetworkChanged), Plan::Now { .. }));
}

#[test]
fn a_person_waits_for_nothing() {
    let mut host = Host::at("home");
    host.run(ScanTrigger::NetworkChanged);
    host.finish(ScanOutcome::Inconclusive, 10_000_000);
    let now = Plan::Now { trigger: ScanTrigger::Requested, depth: Depth::Everything };
    assert_eq!(host.on(ScanTrigger::Requested), now);
    assert_eq!(host.on(ScanTrigger::Requested), now, "even beside another scan");
}

#[test]
fn a_network_that_is_known_to_be_in_order_gets_the_first_tier_for_an_hour() {
    let mut host = Host::settled("home");
    assert_eq!(host.run(ScanTrigger::NetworkChanged), Depth::First);
    host.finish(ScanOutcome::StillClean, 20_000);
    host.pass(CLEAN_FOR - FRESH_FOR);
    assert_eq!(host.run(ScanTrigger::NetworkChanged), Depth::Everything, "the first tier renews nothing");
}

#[test]
fn everything_is_looked_at_where_a_finding_is_open() {
    let mut host = Host::settled("home");
    host.around.finding_open = true;
    assert_eq!(host.run(ScanTrigger::Periodic), Depth::Everything);
}

#[test]
fn what_is_not_in_order_is_no_longer_taken_for_clean() {
    for outcome in [ScanOutcome::NotClean, ScanOutcome::Inconclusive] {
        let mut host = Host::settled("home");
        host.run(ScanTrigger::NetworkChanged);
        host.finish(outcome, 60_000);
        assert_eq!(host.run(ScanTrigger::NetworkChanged), Depth::Everything);
    }
}

#[test]
fn one_network_says_nothing_of_another() {
    let mut host = Host::settled("home");
    host.around.network = network("café");
    assert_eq!(host.run(ScanTrigger::NetworkChanged), Depth::Everything);
    host.clean();
    host.around.network = None;
    assert_eq!(host.run(ScanTrigger::NetworkChanged), Depth::Everything, "a network that cannot be told");
}

#[test]
fn an_occasion_leads_to_no_scan_shortly_after_a_clean_one() {
    for occasion in [ScanTrigger::Foreground, ScanTrigger::Periodic] {
        let mut host = Host::at("home");
        host.run(ScanTrigger::NetworkChanged);
        host.clean();
        assert_eq!(host.on(occasion), Plan::Skip { why: Reason::Recent });
        assert_eq!(host.due(), Plan::Skip { why: Reason::NothingNew });
        host.pass(FRESH_FOR);
        assert_eq!(host.run(occasion), Depth::First);
    }
}

#[test]
fn an_event_during_a_scan_is_answered_after_it() {
    let mut host = Host::settled("home");
    host.run(ScanTrigger::NetworkChanged);
    host.pass(3);
    assert_eq!(host.on(ScanTrigger::NetworkChanged), later(57, Reason::UnderWay));
    host.pass(3);
    host.finish(ScanOutcome::StillClean, 20_000);
    assert!(matches!(host.due(), Plan::Now { .. }));
}

#[test]
fn a_scan_that_is_never_reported_stands_in_the_way_for_a_minute_only() {
    let mut host = Host::at("home");
    host.run(ScanTrigger::NetworkChanged);
    host.around.network = network("café");
    assert_eq!(host.on(ScanTrigger::NetworkChanged), later(60, Reason::UnderWay));
    host.pass(60);
    assert!(matches!(host.due(), Plan::Now { .. }));
}

#[test]
fn scans_without_result_come_at_growing_distance_up_to_an_hour() {
    let mut host = Host::at("home");
    let mut waits = Vec::new();
    for _ in 0..10 {
        host.run(ScanTrigger::NetworkChanged);
        host.finish(ScanOutcome::Inconclusive, 60_000);
        let begin = host.seconds;
        host.pass(DEBOUNCE.as_secs() as i64);
        host.on(ScanTrigger::NetworkChanged);
        host.pass(DEBOUNCE.as_secs() as i64);
        let Plan::Later { after, why: Reason::BackingOff } = host.due() else { panic!("no back-off") };
        waits.push(host.seconds - begin + after.as_secs() as i64);
    }
    assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
}

#[test]
fn a_portal_that_cleared_ends_the_wait() {
    let mut host = Host::at("hotel");
    host.run(ScanTrigger::NetworkChanged);
    host.finish(ScanOutcome::Inconclusive, 60_000);
    assert_eq!(host.on(ScanTrigger::PortalCleared), later(2, Reason::Settling));
    host.pass(2);
    let now = Plan::Now { trigger: ScanTrigger::PortalCleared, depth: Depth::Everything };
    assert_eq!(host.due(), now);
}

#[test]
fn a_scan_in_which_the_process_died_is_one_without_result() {
    let mut host = Host::at("home");
    host.run(ScanTrigger::NetworkChanged);
    let stored = serde_json::to_string(host.scheduler.history()).unwrap();
    host.scheduler = Scheduler::default();
    host.scheduler.recall(serde_json::from_str(&stored).unwrap());
    host.on(ScanTrigger::NetworkChanged);
    host.pass(2);
    assert_eq!(host.due(), later(28, Reason::BackingOff));
}

#[test]
fn a_changed_app_waits_a_minute_at_most_whatever_the_network_does() {
    let mut host = Host::at("home");
    host.around.metered = true;
    for _ in 0..50 {
        host.on(ScanTrigger::AppsChanged);
        host.pass(LONGEST_DEBOUNCE.as_secs() as i64);
        let Plan::Later { after, .. } = host.due() else {
            host.finish(ScanOutcome::Inconclusive, MAX_SCAN_BYTES);
            continue;
        };
        assert!(after.as_secs() <= PAUSE.unsigned_abs());
        host.pass(after.as_secs() as i64);
        assert!(matches!(host.due(), Plan::Now { .. }));
        host.finish(ScanOutcome::Inconclusive, MAX_SCAN_BYTES);
    }
}

#[test]
fn a_network_that_flaps_buys_no_day_without_scans() {
    let mut host = Host::at("home");
    let mut longest = 0;
    let mut last = 0;
    while host.seconds < DAY {
        host.run(ScanTrigger::NetworkChanged);
        longest = longest.max(host.seconds - last);
        last = host.seconds;
        host.clean();
    }
    assert!((600..HOUR).contains(&longest), "{longest}");
}

#[test]
fn a_clock_that_was_set_back_blocks_nothing_and_vouches_for_nothing() {
    let mut host = Host::at("home");
    host.skew = 10 * 365 * DAY;
    for _ in 0..4 {
        host.run(ScanTrigger::NetworkChanged);
        host.finish(ScanOutcome::Inconclusive, MAX_SCAN_BYTES);
    }
    host.run(ScanTrigger::NetworkChanged);
    host.clean();
    host.skew = 0;
    assert_eq!(host.on(ScanTrigger::Foreground), later(2, Reason::Settling), "not taken for recent");
    assert_eq!(host.run(ScanTrigger::Foreground), Depth::Everything);
    assert!(host.seconds < LONGEST_BACK_OFF * 2);
}

#[test]
fn the_key_of_a_network_depends_on_what_tells_it_and_on_nothing_else() {
    let home = snapshot("home");
    let key = |snapshot: &NetworkSnapshot| NetworkKey::of(snapshot, &NetworkSettings::default());
    let gateways = Fact::known(vec!["fe80::1".to_owned(), "192.0.2.1".to_owned()]);
    let same = NetworkSnapshot { gateways, captive: Fact::known(true), ..home.clone() };
    assert_eq!(key(&home), key(&same));

    let gateways = Fact::known(vec!["192.0.2.2".to_owned()]);
    let dns_servers = Fact::known(vec!["192.0.2.54".to_owned()]);
    assert_ne!(key(&home), key(&snapshot("café")));
    assert_ne!(key(&home), key(&NetworkSnapshot { gateways, ..home.clone() }));
    assert_ne!(key(&home), key(&NetworkSnapshot { dns_servers, ..home.clone() }));
    let settings =
        NetworkSettings { captive_probes: vec!["http://c.example".to_owned()], ..Default::default() };
    assert_ne!(key(&home), NetworkKey::of(&home, &settings), "under other settings all is new");
    assert_eq!(key(&NetworkSnapshot::not_available("not told")), None);
    let told = serde_json::to_string(&key(&home)).unwrap();
    assert!(!told.contains("home") && told.len() == 66, "{told}");
}

#[test]
fn a_carried_outcome_says_of_when_it_is() {
    let outcomes = vec![
        CheckOutcome::clean(CheckId::HttpTamper, "as signed"),
        CheckOutcome::not_permitted(CheckId::LinkPath, "no permission"),
    ];
    let clean = Clean { outcomes, ..clean(Timestamp::from_unix(START)) };
    let told = |check| serde_json::to_value(clean.carried(check)).unwrap();
    insta::assert_json_snapshot!([
        told(CheckId::HttpTamper),
        told(CheckId::LinkPath),
        told(CheckId::DnsPath),
    ], @r#"
    [
      {
        "check": "network.http_tamper",
        "coverage": {
          "state": "complete"
        },
        "summary": "as signed (at 2027-01-15T08:00:00Z, not measured again)"
      },
      {
        "check": "network.link_path",
        "coverage": {
          "state": "not_permitted",
          "why": "no permission (at 2027-01-15T08:00:00Z, not measured again)"
        },
        "summary": "no permission (at 2027-01-15T08:00:00Z, not measured again)"
      },
      null
    ]
    "#);
}

#[test]
fn more_networks_than_the_limit_are_not_remembered() {
    let mut host = Host::at("home");
    for number in 0..2 * MAX_NETWORKS as i64 {
        host.around.network = network(&format!("network {number}"));
        host.pass(HOUR);
        host.run(ScanTrigger::NetworkChanged);
        host.clean();
    }
    let stored = serde_json::to_value(host.scheduler.history()).unwrap();
    assert_eq!(stored["networks"].as_object().unwrap().len(), MAX_NETWORKS);
    host.pass(FRESH_FOR);
    assert_eq!(host.run(ScanTrigger::NetworkChanged), Depth::First, "the newest is");
}

#[derive(Clone, Debug)]
struct Step {
    pass: i64,
    trigger: Option<ScanTrigger>,
    place: u8,
    skew: i64,
    ends: Option<(u8, u64)>,
}

fn steps(skew: impl Strategy<Value = i64> + Clone) -> impl Strategy<Value = Vec<Step>> {
    let pass = prop_oneof![4 => 0..10_i64, 3 => 0..600_i64, 1 => 0..7_200_i64];
    let trigger = proptest::option::of(proptest::sample::select(ScanTrigger::ALL));
    let ends = proptest::option::of((0..4_u8, 0..=MAX_SCAN_BYTES));
    let step = (pass, trigger, 0..4_u8, skew, ends);
    let step = step.prop_map(|(pass, trigger, place, skew, ends)| Step { pass, trigger, place, skew, ends });
    proptest::collection::vec(step, 1..400)
}

/// Plays `steps`; calls `check` with each plan; the budgeted scans, each with its time and cost.
fn play(metered: bool, steps: &[Step], mut check: impl FnMut(Plan)) -> (Host, Vec<(i64, u64)>) {
    let mut host = Host::at("home");
    host.around.metered = metered;
    let mut costs: Vec<(i64, u64)> = Vec::new();
    for step in steps {
        host.pass(step.pass);
        host.skew = step.skew;
        host.around.network = network(&format!("network {}", step.place)).filter(|_| step.place > 0);
        let plan = match step.trigger {
            Some(trigger) => host.on(trigger),
            None => host.due(),
        };
        check(plan);
        let Plan::Now { trigger, .. } = plan else { continue };
        let begin = host.seconds;
        let bytes = match step.ends {
            Some((outcome, bytes)) => {
                host.pass(5);
                let outcome = match outcome {
                    0 => ScanOutcome::Clean(clean(host.now().wall)),
                    1 => ScanOutcome::StillClean,
                    2 => ScanOutcome::NotClean,
                    _ => ScanOutcome::Inconclusive,
                };
                host.finish(outcome, bytes);
                bytes
            }
            None => MAX_SCAN_BYTES,
        };
        if trigger != ScanTrigger::Requested && !is_of_the_device(trigger) {
            costs.push((begin, bytes));
        }
    }
    (host, costs)
}

proptest! {
    #[test]
    fn no_day_costs_more_than_its_budget(metered: bool, steps in steps(Just(0))) {
        let (_, costs) = play(metered, &steps, |_| {});
        let budget = if metered { DAY_BYTES_METERED } else { DAY_BYTES };
        for (begin, _) in &costs {
            let day = costs.iter().filter(|(at, _)| (*begin..begin + DAY).contains(at));
            prop_assert!(day.map(|(_, bytes)| bytes).sum::<u64>() <= budget);
        }
    }

    #[test]
    fn no_wait_is_longer_than_half_a_day_and_at_its_end_is_a_scan(
        metered: bool,
        steps in steps(-3 * DAY..3 * DAY),
    ) {
        let longest = Duration::from_secs(DAY.unsigned_abs() / 2);
        let (mut host, _) = play(metered, &steps, |plan| {
            if let Plan::Later { after, .. } = plan {
                assert!(!after.is_zero() && after <= longest, "{plan:?}");
            }
        });
        let begin = host.seconds;
        host.run(ScanTrigger::NetworkChanged);
        prop_assert!(host.seconds - begin <= longest.as_secs() as i64 + 70, "{}", host.seconds - begin);
    }

    #[test]
    fn a_history_of_any_past_is_stored_and_read_back(steps in steps(-3 * DAY..3 * DAY)) {
        let (host, _) = play(false, &steps, |_| {});
        let stored = serde_json::to_string(host.scheduler.history()).unwrap();
        prop_assert_eq!(&serde_json::from_str::<History>(&stored).unwrap(), host.scheduler.history());
    }
}
