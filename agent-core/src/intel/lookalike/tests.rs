use super::*;

fn suffixes() -> List {
    crate::intel::testing::SUFFIXES.parse().unwrap()
}

fn judged(host: &str, own: &[&str]) -> Option<Judgement> {
    let own: Vec<_> = own.iter().map(|domain| (*domain).to_owned()).collect();
    judge(&ascii(host).unwrap(), &own, Some(&suffixes()))
}

fn verdict(host: &str, own: &str) -> Option<Verdict> {
    judged(host, &[own]).map(|judgement| judgement.verdict)
}

#[test]
fn characters_that_look_like_the_own_ones_are_proof() {
    for host in [
        "раураl.com",       // Cyrillic р, а, у
        "paypa1.com",       // digit one
        "login.paypaI.com", // capital i, which IDNA folds: `paypai` is a slip, see below
        "pаypal.co.kr",     // Cyrillic а, under another suffix
        "www.раypal.net",
    ] {
        let expected = if host.contains('I') { Verdict::Suspicious } else { Verdict::Confirmed };
        assert_eq!(verdict(host, "paypal.com"), Some(expected), "{host}");
    }
    assert_eq!(verdict("rnybank.com", "mybank.com"), Some(Verdict::Confirmed));
    assert_eq!(verdict("g00gle.com", "google.com"), Some(Verdict::Confirmed));
    // A small capital that the table of confusables does not have is one changed letter.
    assert_eq!(verdict("ɢoogle.com", "google.com"), Some(Verdict::Suspicious));
}

#[test]
fn the_own_name_before_that_of_somebody_else_is_suspicious() {
    for host in ["mybank.co.kr.evil.test", "www.mybank.co.kr.evil.test"] {
        assert_eq!(verdict(host, "mybank.co.kr"), Some(Verdict::Suspicious), "{host}");
    }
}

#[test]
fn slips_count_by_the_length_of_the_own_name() {
    for (host, own, expected) in [
        ("mybnak.com", "mybank.com", Some(Verdict::Suspicious)), // transposed
        ("mybankk.com", "mybank.com", Some(Verdict::Suspicious)),
        ("mybak.com", "mybank.com", Some(Verdict::Suspicious)),
        ("mxbenk.com", "mybank.com", None), // two
        ("abd.com", "abc.com", None),       // too short
        ("ample.com", "apple.com", None),
        ("organisatoin-bnak.com", "organisation-bank.com", Some(Verdict::Suspicious)), // two transpositions
        ("somebody-else.com", "organisation-bank.com", None),
    ] {
        assert_eq!(verdict(host, own), expected, "{host} and {own}");
    }
}

#[test]
fn what_is_the_organisations_own_is_never_told() {
    for host in ["mybank.com", "mail.mybank.com", "a.b.mybank.com", "mybnak.com", "x.mybnak.com"] {
        assert_eq!(judged(host, &["mybank.com", "mybnak.com."]), None, "{host}");
    }
    // The same name elsewhere, and a name that only ends alike.
    assert_eq!(verdict("mybank.co.uk", "mybank.com"), None);
    assert_eq!(verdict("notmybank.com", "mybank.com"), None);
}

#[test]
fn an_own_name_in_another_script_is_compared_as_it_is_read() {
    assert_eq!(verdict("한국은행.kr", "한국은행.kr"), None);
    assert_eq!(verdict("mail.한국은행.kr", "한국은행.kr"), None);
    assert_eq!(verdict("한국은행.kr.evil.test", "한국은행.kr"), Some(Verdict::Suspicious));
}

#[test]
fn a_judgement_names_the_registered_name_and_nothing_of_the_visit() {
    let judgement = judged("session-4711.раураl.com", &["paypal.com"]).unwrap();
    assert_eq!(judgement.subject, "xn--l-7sba6dbr.com");
    let told = format!("{judgement:?}");
    assert!(told.contains("раураl.com") && !told.contains("4711"), "{told}");
}

#[test]
fn without_a_list_of_public_suffixes_the_last_two_labels_count() {
    let judge = |host: &str, own: &str| judge(host, &[own.to_owned()], None).map(|it| it.verdict);
    assert_eq!(judge("paypa1.com", "paypal.com"), Some(Verdict::Confirmed));
    assert_eq!(judge("paypal.com", "paypal.com"), None);
    assert_eq!(judge("localhost", "paypal.com"), None);
}

/// Names that many people visit must not be told as another's look-alike: each is judged with all others as the own.
#[test]
fn well_known_names_are_no_look_alikes_of_each_other() {
    let names: Vec<_> =
        include_str!("well-known.txt").lines().filter(|line| !line.starts_with('#')).collect();
    assert!(names.len() > 300);
    let mut told = Vec::new();
    for host in &names {
        for own in names.iter().filter(|own| own != &host) {
            if let Some(judgement) = judged(host, &[own]) {
                told.push(format!("{host} {own} {}", judgement.verdict));
            }
        }
    }
    assert_eq!(told, Vec::<String>::new());
}
