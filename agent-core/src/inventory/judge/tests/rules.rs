use super::*;
use crate::inventory::judge::version::Version;
use crate::model::{DeniedApp, MinimumApp};

fn judged(apps: impl IntoIterator<Item = AppRecord>, rules: &AppRules) -> CheckOutcome {
    judge_rules(&inventory(apps), rules)
}

fn minimum(id: &str, version: &str) -> AppRules {
    let minimum_versions = vec![MinimumApp { id: AppId::new(id).unwrap(), version: version.into() }];
    AppRules { minimum_versions, ..AppRules::default() }
}

#[test]
fn without_rules_nothing_is_against_them() {
    let rules = AppRules { trusted_installers: ids(&["com.acme.mdm"]), ..AppRules::default() };
    let outcome = judged([by_hand("a.b")], &rules);
    assert_eq!(
        (told_of(&outcome), outcome.summary.as_str()),
        (vec![], "the organisation has no rules for apps")
    );
}

#[test]
fn a_denied_app_is_found_with_the_organisations_reason() {
    let denied = DeniedApp { id: AppId::new("a.chat").unwrap(), reason: Some("leaks contacts".into()) };
    let rules = AppRules { denied: vec![denied], ..AppRules::default() };
    let outcome = judged([from_play("a.chat"), from_play("a.Chat"), from_play("a.chat.pro")], &rules);
    assert_eq!(told_of(&outcome), [(Detection::DeniedApp, "a.chat", Verdict::Confirmed)]);
    assert_eq!(
        outcome.judgements[0].reason,
        "the organisation does not want a.chat installed: leaks contacts"
    );
}

#[test]
fn beside_an_allow_list_only_the_system_and_what_is_required_may_be_installed() {
    let rules =
        AppRules { allowed: Some(ids(&["a.mail"])), required: ids(&["a.agent"]), ..AppRules::default() };
    let apps = [
        from_play("a.mail"),
        from_play("a.agent"),
        from_play("b.game"),
        AppRecord { system: Some(true), ..from_play("c.settings") },
        AppRecord { id: None, name: Some("Web clip".into()), ..apple("") },
    ];
    assert_eq!(
        told_of(&judged(apps, &rules)),
        [
            (Detection::DeniedApp, "b.game", Verdict::Confirmed),
            (Detection::DeniedApp, "Web clip", Verdict::Inconclusive),
        ]
    );
    let nothing = AppRules { allowed: Some(Vec::new()), ..AppRules::default() };
    assert_eq!(told_of(&judged([from_play("b.game")], &nothing)).len(), 1, "an empty list allows nothing");
}

#[test]
fn a_required_app_is_missing_only_in_a_list_that_is_whole() {
    let rules = AppRules { required: ids(&["a.agent"]), ..AppRules::default() };
    let missing = |verdict| vec![(Detection::RequiredAppMissing, "a.agent", verdict)];
    assert_eq!(told_of(&judged([from_play("a.agent")], &rules)), []);
    assert_eq!(told_of(&judged([from_play("b.c")], &rules)), missing(Verdict::Confirmed));
    assert_eq!(told_of(&judged([], &rules)), missing(Verdict::Confirmed));

    let in_part =
        Inventory { incomplete: Some("QUERY_ALL_PACKAGES".into()), ..inventory([from_play("b.c")]) };
    assert_eq!(told_of(&judge_rules(&in_part, &rules)), missing(Verdict::Inconclusive));
    let nameless = AppRecord { id: None, name: Some("Agent".into()), ..from_play("") };
    assert_eq!(told_of(&judged([nameless], &rules)), missing(Verdict::Inconclusive));
}

#[test]
fn versions_compare_by_numbers() {
    let is_older = |a: &str, b: &str| Version::parse(a).unwrap() < Version::parse(b).unwrap();
    for (older, newer) in [
        ("4.9", "4.10"),
        ("4", "4.0.1"),
        ("12.4.1", "12.4.2"),
        ("9", "10"),
        ("v1.2", "1.3"),
        ("1.2-beta", "1.3"),
    ] {
        assert!(is_older(older, newer) && !is_older(newer, older), "{older} < {newer}");
    }
    for (one, other) in
        [("4.1", "4.1.0"), ("11.0.62 (448-160311229)", "11.0.62"), ("V2", "2.0"), ("007", "7")]
    {
        assert_eq!(Version::parse(one), Version::parse(other), "{one} = {other}");
    }
    for text in ["", "beta", "one.two", ".", "1..2", "18446744073709551616", "-1", "Ⅻ"] {
        assert!(Version::parse(text).is_none(), "{text}");
    }
    assert!(Version::parse(&"1.".repeat(1_000_000)).is_some());
}

#[test]
fn an_app_below_the_minimum_is_found_by_the_version_that_the_rule_means() {
    let cases = [
        (from_play("a.b"), "4.1.3", Some(Verdict::Confirmed)),
        (from_play("a.b"), "4.1.2", None),
        (from_play("a.b"), "4.1", None),
        // The version code is 412.
        (from_play("a.b"), "413", Some(Verdict::Confirmed)),
        (from_play("a.b"), "412", None),
        (apple("a.b"), "5", Some(Verdict::Confirmed)),
        (apple("a.b"), "4", None),
        (
            AppRecord { short_version: Some("stable".into()), ..from_play("a.b") },
            "4.1",
            Some(Verdict::Inconclusive),
        ),
        (AppRecord { short_version: None, ..from_play("a.b") }, "4.1", Some(Verdict::Inconclusive)),
        (from_play("a.b"), "newest", Some(Verdict::Inconclusive)),
        (from_play("a.other"), "99.0", None),
    ];
    for (app, version, expected) in cases {
        let outcome = judged([app.clone()], &minimum("a.b", version));
        let verdicts: Vec<_> = outcome.judgements.iter().map(|it| (it.detection, it.verdict)).collect();
        let expected: Vec<_> = expected.into_iter().map(|it| (Detection::AppBelowMinimum, it)).collect();
        assert_eq!(verdicts, expected, "{version}: {app:?}");
    }
}

#[test]
fn of_two_copies_the_worse_is_told() {
    let old = AppRecord { short_version: Some("3.0".into()), ..from_play("a.b") };
    let odd = AppRecord { short_version: Some("?".into()), ..from_play("a.b") };
    let outcome = judged([odd, old, from_play("a.b")], &minimum("a.b", "4.0"));
    assert_eq!(told_of(&outcome), [(Detection::AppBelowMinimum, "a.b", Verdict::Confirmed)]);
}
