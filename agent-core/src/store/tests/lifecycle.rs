use proptest::prelude::*;

use super::support::NOW;
use crate::model::*;
use crate::store::limits::{FLAPPING_LIVES, FLAPPING_SECONDS, MAX_RESOLVED};
use crate::store::{Looked, advance};

const LATER: Timestamp = NOW.plus_seconds(60);

fn app(id: &str) -> Judgement {
    Judgement::new(Detection::MaliciousApp, Verdict::Confirmed).about(id)
}

fn indicators(judgements: Vec<Judgement>) -> CheckOutcome {
    CheckOutcome::judged(CheckId::AppIndicators, "looked", judgements)
}

/// A policy: confirmed is high, suspicious is medium, the rest is recorded only; nothing is ignored.
fn severity(judgement: &Judgement) -> Severity {
    match judgement.verdict {
        Verdict::Confirmed => Severity::High,
        Verdict::Suspicious => Severity::Medium,
        Verdict::Benign | Verdict::Clean | Verdict::Inconclusive => Severity::None,
    }
}

fn scan(known: &[Finding], outcomes: &[CheckOutcome], now: Timestamp) -> Vec<Finding> {
    scan_on(None, known, outcomes, now)
}

/// On the network `name`.
fn scan_on(name: Option<&str>, known: &[Finding], outcomes: &[CheckOutcome], now: Timestamp) -> Vec<Finding> {
    let network = name.map(|name| Sha256::of(name.as_bytes()));
    advance(known, &Looked { outcomes, network, now }, |finding| weight(finding, None))
}

fn under(
    ignored: impl Fn(Detection) -> Option<String>,
    known: &[Finding],
    outcomes: &[CheckOutcome],
    now: Timestamp,
) -> Vec<Finding> {
    let weigh = |finding: &Finding| weight(finding, ignored(finding.judgement.detection));
    advance(known, &Looked { outcomes, network: None, now }, weigh)
}

fn weight(finding: &Finding, ignored: Option<String>) -> Weight {
    Weight { severity: severity(&finding.judgement), ignored }
}

/// One open finding, detected at [`NOW`].
fn detected() -> Vec<Finding> {
    scan(&[], &[indicators(vec![app("a")])], NOW)
}

#[test]
fn a_new_judgement_is_detected() {
    let findings = detected();
    let [finding] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((finding.detected_at, finding.last_seen_at), (NOW, NOW));
    assert_eq!((finding.severity, finding.is_open()), (Severity::High, true));
}

#[test]
fn a_benign_judgement_is_recorded_at_the_severity_of_the_policy() {
    let portal = Judgement::new(Detection::CaptivePortal, Verdict::Benign);
    let findings = scan(&[], &[CheckOutcome::judged(CheckId::Captive, "portal", vec![portal])], NOW);
    assert_eq!((findings[0].severity, findings[0].is_open()), (Severity::None, true));
}

#[test]
fn clean_and_inconclusive_judgements_are_no_findings() {
    let outcome = indicators(vec![
        Judgement::new(Detection::MaliciousApp, Verdict::Clean).about("a"),
        Judgement::new(Detection::MaliciousApp, Verdict::Inconclusive).about("b"),
    ]);
    assert!(scan(&[], &[outcome], NOW).is_empty());
}

#[test]
fn a_detection_that_is_undecided_as_a_whole_is_of_each_subject_but_not_of_a_network() {
    let undecided = |detection| Judgement::new(detection, Verdict::Inconclusive);
    let kept = scan(&detected(), &[indicators(vec![undecided(Detection::MaliciousApp)])], LATER);
    assert!(kept[0].is_open());
    let chain = |judgement| [CheckOutcome::judged(CheckId::TlsChain, "looked", vec![judgement])];
    let of_one_host = Judgement::new(Detection::TlsInterception, Verdict::Confirmed).about("one.example");
    let known = scan(&[], &chain(of_one_host), NOW);
    assert!(!scan(&known, &chain(undecided(Detection::TlsInterception)), LATER)[0].is_open());
}

#[test]
fn what_is_seen_again_is_the_same_finding_as_last_seen() {
    let milder = Judgement::new(Detection::MaliciousApp, Verdict::Suspicious).about("a").with("list", "new");
    let findings = scan(&detected(), &[indicators(vec![milder.clone()])], LATER);
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].detected_at, findings[0].last_seen_at), (NOW, LATER));
    assert_eq!((findings[0].severity, &findings[0].judgement), (Severity::Medium, &milder));
}

#[test]
fn a_complete_check_that_no_longer_sees_it_resolves() {
    let findings = scan(&detected(), &[indicators(vec![])], LATER);
    assert_eq!(findings[0].state, FindingState::Resolved { at: LATER });
    assert_eq!(findings[0].last_seen_at, NOW);
}

#[test]
fn a_scan_that_could_not_look_resolves_nothing() {
    for outcomes in [
        vec![],
        vec![CheckOutcome::unknown(CheckId::AppIndicators, "time-out")],
        vec![CheckOutcome::not_permitted(CheckId::AppIndicators, "no permission")],
        // Another check that did look.
        vec![CheckOutcome::clean(CheckId::AppChanges, "none")],
        // Looked once, and could not look again.
        vec![indicators(vec![]), CheckOutcome::unknown(CheckId::AppIndicators, "time-out")],
        // Looked, but could not tell for this subject.
        vec![indicators(vec![Judgement::new(Detection::MaliciousApp, Verdict::Inconclusive).about("a")])],
    ] {
        assert_eq!(scan(&detected(), &outcomes, LATER), detected(), "{outcomes:?}");
    }
}

#[test]
fn an_interrupted_check_still_detects() {
    let mut outcome = CheckOutcome::unknown(CheckId::AppIndicators, "deadline");
    outcome.judgements = vec![app("b")];
    let findings = scan(&detected(), &[outcome], LATER);
    assert!(findings.len() == 2 && findings.iter().all(Finding::is_open));
}

#[test]
fn what_comes_back_has_a_new_life_beside_the_old_one() {
    let resolved = scan(&detected(), &[indicators(vec![])], LATER);
    let again = LATER.plus_seconds(60);
    let findings = scan(&resolved, &[indicators(vec![app("a")])], again);
    assert_eq!((findings[0].detected_at, findings[0].is_open()), (again, true));
    assert_eq!(findings[1..], resolved[..]);
}

#[test]
fn subjects_of_one_detection_live_apart() {
    let both = scan(&[], &[indicators(vec![app("b"), app("a")])], NOW);
    let findings = scan(&both, &[indicators(vec![app("b")])], LATER);
    let states: Vec<_> = findings.iter().map(|it| (it.judgement.subject.as_str(), it.is_open())).collect();
    assert_eq!(states, [("b", true), ("a", false)]);
}

#[test]
fn the_gravest_of_several_judgements_of_one_subject_counts() {
    let suspicious = Judgement::new(Detection::MaliciousApp, Verdict::Suspicious).about("a");
    for judgements in [vec![suspicious.clone(), app("a")], vec![app("a"), suspicious]] {
        let findings = scan(&[], &[indicators(judgements)], NOW);
        assert_eq!((findings.len(), findings[0].severity), (1, Severity::High));
    }
}

#[test]
fn the_policy_sets_aside_and_takes_up_again_even_without_a_scan() {
    let ignore = |_| Some("our own tool".to_owned());
    let ignored = under(ignore, &detected(), &[], LATER);
    let expected = FindingState::Ignored { at: LATER, reason: "our own tool".into() };
    assert_eq!(ignored[0].state, expected);

    let still = under(ignore, &ignored, &[indicators(vec![app("a")])], LATER.plus_seconds(60));
    assert_eq!(still[0].state, expected, "since the first time");
    let open = scan(&still, &[], LATER.plus_seconds(120));
    assert!(open[0].is_open());
    assert_eq!(open[0].detected_at, NOW);

    let gone = under(ignore, &still, &[indicators(vec![])], LATER.plus_seconds(180));
    assert_eq!(gone[0].state, FindingState::Resolved { at: LATER.plus_seconds(180) });
}

#[test]
fn a_changed_policy_reaches_findings_that_were_not_seen() {
    let findings = advance(&detected(), &Looked { outcomes: &[], network: None, now: LATER }, |_| Weight {
        severity: Severity::Low,
        ignored: None,
    });
    assert_eq!((findings[0].severity, findings[0].last_seen_at), (Severity::Low, NOW));
}

#[test]
fn the_history_keeps_the_latest() {
    let many = (0..MAX_RESOLVED + 10).map(|n| app(&format!("{n:05}"))).collect();
    let mut findings = scan(&[], &[indicators(many)], NOW);
    findings = scan(&findings, &[indicators(vec![app("00000")])], LATER);
    assert_eq!(findings.len(), 1 + MAX_RESOLVED);
    findings = scan(&findings, &[indicators(vec![])], LATER.plus_seconds(60));
    assert_eq!(findings.len(), MAX_RESOLVED);
    assert_eq!(findings[0].judgement.subject, "00000", "the one resolved last");
}

#[test]
fn times_of_one_life_do_not_run_backwards_with_the_clock() {
    let earlier = NOW.plus_seconds(-3600);
    let seen = scan(&detected(), &[indicators(vec![app("a")])], earlier);
    assert_eq!(seen[0].last_seen_at, NOW);
    let gone = scan(&seen, &[indicators(vec![])], earlier);
    assert_eq!(gone[0].state, FindingState::Resolved { at: NOW });
}

fn interception(check: CheckId) -> CheckOutcome {
    let judgement = Judgement::new(Detection::TlsInterception, Verdict::Suspicious);
    CheckOutcome::judged(check, "looked", vec![judgement])
}

fn complete(check: CheckId) -> CheckOutcome {
    CheckOutcome::clean(check, "looked")
}

fn blind(check: CheckId) -> CheckOutcome {
    CheckOutcome::unknown(check, "time-out")
}

#[test]
fn a_finding_is_resolved_by_the_checks_that_saw_it() {
    use CheckId::{TlsChain, TlsPins};
    let seen = scan(&[], &[complete(TlsChain), interception(TlsPins)], NOW);
    let chain_only = scan(&seen, &[complete(TlsChain), blind(TlsPins)], LATER);
    assert!(chain_only[0].is_open(), "nobody looked at the pins");
    let both = scan(&chain_only, &[blind(TlsChain), complete(TlsPins)], LATER);
    assert_eq!(both[0].state, FindingState::Resolved { at: LATER });
    assert!(both[0].trace.is_empty());
}

#[test]
fn each_check_that_saw_a_finding_has_to_take_its_word_back() {
    use CheckId::{TlsChain, TlsPins};
    let seen = scan(&[], &[interception(TlsChain), interception(TlsPins)], NOW);
    let half = scan(&seen, &[interception(TlsChain), complete(TlsPins)], LATER);
    assert_eq!(half[0].trace.seen_by, [TlsChain].into());
    let seen_anew = scan(&half, &[blind(TlsChain), interception(TlsPins)], LATER);
    assert_eq!(seen_anew[0].trace.seen_by, [TlsChain, TlsPins].into());
    let taken_back = scan(&seen_anew, &[complete(TlsChain), blind(TlsPins)], LATER);
    assert!(taken_back[0].is_open());
    assert!(!scan(&taken_back, &[complete(TlsPins)], LATER)[0].is_open());
}

#[test]
fn a_finding_of_before_there_were_traces_is_resolved_by_the_check_of_its_detection() {
    let mut seen = scan(&[], &[interception(CheckId::TlsChain)], NOW);
    seen[0].trace = Trace::default();
    assert!(scan(&seen, &[blind(CheckId::TlsChain)], LATER)[0].is_open());
    assert!(!scan(&seen, &[complete(CheckId::TlsChain)], LATER)[0].is_open());
}

#[test]
fn what_was_found_of_one_network_is_gone_on_another() {
    let blind = [blind(CheckId::TlsChain)];
    let cafe = scan_on(Some("café"), &[], &[interception(CheckId::TlsChain)], NOW);
    for same in [Some("café"), None] {
        assert_eq!(scan_on(same, &cafe, &blind, LATER), cafe, "nobody looked");
    }
    let home = scan_on(Some("home"), &cafe, &blind, LATER);
    assert_eq!(home[0].state, FindingState::Resolved { at: LATER });

    let followed = scan_on(Some("home"), &cafe, &[interception(CheckId::TlsChain)], LATER);
    assert_eq!((followed.len(), followed[0].is_open(), followed[0].detected_at), (1, true, NOW));
    assert!(scan_on(Some("home"), &followed, &blind, LATER)[0].is_open());
}

#[test]
fn what_is_of_the_device_goes_along_to_another_network() {
    let apps = scan_on(Some("café"), &[], &[indicators(vec![app("a")])], NOW);
    let home = scan_on(Some("home"), &apps, &[], LATER);
    assert_eq!(home, apps);
}

/// A finding of `detection` that comes and goes every minute, up to the sighting after `lives` earlier ones.
fn flapping(detection: Detection, lives: usize) -> (Vec<Finding>, Timestamp) {
    let (mut findings, mut now) = (Vec::new(), NOW);
    let judgement = || Judgement::new(detection, Verdict::Suspicious);
    for _ in 0..lives {
        findings =
            scan(&findings, &[CheckOutcome::judged(detection.check(), "looked", vec![judgement()])], now);
        now = now.plus_seconds(30);
        findings = scan(&findings, &[complete(detection.check())], now);
        now = now.plus_seconds(30);
    }
    (scan(&findings, &[CheckOutcome::judged(detection.check(), "looked", vec![judgement()])], now), now)
}

#[test]
fn a_finding_that_flaps_stays_open_until_it_was_gone_for_a_while() {
    let gone = [complete(CheckId::LinkNeighbour)];
    let (seldom, now) = flapping(Detection::ArpSpoofing, FLAPPING_LIVES - 1);
    assert!(!scan(&seldom, &gone, now.plus_seconds(30))[0].is_open());

    let (often, now) = flapping(Detection::ArpSpoofing, FLAPPING_LIVES);
    let held = scan(&often, &gone, now.plus_seconds(30));
    assert_eq!(held, often);
    assert!(scan(&held, &gone, now.plus_seconds(FLAPPING_SECONDS - 1))[0].is_open());
    let later = now.plus_seconds(FLAPPING_SECONDS);
    assert!(scan(&held, &[], later)[0].is_open(), "nobody looked");
    assert_eq!(scan(&held, &gone, later)[0].state, FindingState::Resolved { at: later });
}

#[test]
fn what_flapped_long_ago_is_resolved_at_once() {
    let (often, now) = flapping(Detection::ArpSpoofing, FLAPPING_LIVES);
    let seen = CheckOutcome::judged(
        CheckId::LinkNeighbour,
        "looked",
        often.iter().take(1).map(|it| it.judgement.clone()).collect(),
    );
    let later = now.plus_seconds(2 * FLAPPING_SECONDS);
    let still = scan(&often, &[seen], later);
    assert!(!scan(&still, &[complete(CheckId::LinkNeighbour)], later.plus_seconds(1))[0].is_open());
}

#[test]
fn an_app_that_comes_and_goes_is_gone_when_it_is_gone() {
    let (often, now) = flapping(Detection::MaliciousApp, 2 * FLAPPING_LIVES);
    assert!(!scan(&often, &[complete(CheckId::AppIndicators)], now.plus_seconds(1))[0].is_open());
}

proptest! {
    #[test]
    fn after_any_scans_each_subject_has_at_most_one_life_that_goes_on(
        scans in proptest::collection::vec(arbitrary_scan(), 1..12),
    ) {
        let mut findings: Vec<Finding> = Vec::new();
        for (step, outcomes) in scans.iter().enumerate() {
            let now = NOW.plus_seconds(step as i64);
            let next = scan(&findings, outcomes, now);

            let mut live: Vec<_> = next
                .iter()
                .filter(|it| it.is_open())
                .map(|it| (it.judgement.detection, it.judgement.subject.clone()))
                .collect();
            let count = live.len();
            live.dedup();
            prop_assert_eq!(live.len(), count);
            for finding in &next {
                prop_assert!(finding.detected_at <= finding.last_seen_at);
                if finding.state == (FindingState::Resolved { at: now }) {
                    let check = finding.judgement.detection.check();
                    prop_assert!(outcomes.iter().all(|it| it.check != check || it.coverage == Coverage::Complete));
                    prop_assert!(outcomes.iter().any(|it| it.check == check));
                }
            }
            prop_assert_eq!(&scan(&next, &[], now), &next, "a scan of nothing changes nothing");
            findings = next;
        }
    }
}

fn arbitrary_scan() -> impl Strategy<Value = Vec<CheckOutcome>> {
    let detections = prop_oneof![Just(Detection::MaliciousApp), Just(Detection::TlsInterception)];
    let judgement = (detections, 0..Verdict::ALL.len(), "[ab]").prop_map(|(detection, verdict, subject)| {
        Judgement::new(detection, Verdict::ALL[verdict]).about(subject)
    });
    let outcome = (proptest::collection::vec(judgement, 0..4), any::<bool>(), any::<bool>()).prop_map(
        |(judgements, apps, complete)| {
            let check = if apps { CheckId::AppIndicators } else { CheckId::TlsChain };
            let judgements = judgements.into_iter().filter(|it| it.detection.check() == check).collect();
            let mut outcome = CheckOutcome::judged(check, "looked", judgements);
            if !complete {
                outcome.coverage = Coverage::Unknown { why: "deadline".into() };
            }
            outcome
        },
    );
    proptest::collection::vec(outcome, 0..3)
}

#[test]
fn every_detection_is_gone_once_its_check_looks_and_finds_it_no_longer() {
    for detection in Detection::ALL.iter().copied() {
        let check = detection.check();
        let found = Judgement::new(detection, Verdict::Confirmed).about("a");
        let open = scan(&[], &[CheckOutcome::judged(check, "looked", vec![found])], NOW);
        assert!(open[0].is_open(), "{detection}");
        let left = scan(&open, &[CheckOutcome::unknown(check, "timed out")], LATER);
        assert!(left[0].is_open(), "{detection}: nobody looked");
        let gone = scan(&left, &[CheckOutcome::clean(check, "looked")], LATER);
        assert_eq!(gone[0].state, FindingState::Resolved { at: LATER }, "{detection}");
    }
}
