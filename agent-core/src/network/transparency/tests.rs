//! Which certificates the logs vouch for.

use proptest::prelude::*;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::precertificate::Precertificate;
use super::sct::read_list;
use super::testing::{ISSUED, TestLog, extension, list, logged, unlogged, with_scts};
use super::{Assessment, Flaw, Gap, Logs, Subject, assess, is_timely};
use crate::model::{CtInterval, CtLogList, CtLogPhase, CtLogState, CtPreviousOperator, Sha256, Timestamp};
use crate::network::limits::{CLOCK_TOLERANCE, MAX_SCTS};
use crate::network::observation::Certificate;
use crate::network::testing::{Authority, Dates, NOW};

const HOST: &str = "shop.example";
const DAY: i64 = 86_400;

/// Three logs of two operators, and an authority.
struct World {
    authority: Authority,
    logs: [TestLog; 3],
    list: CtLogList,
}

impl World {
    fn new() -> Self {
        let logs = [TestLog::new(), TestLog::new(), TestLog::new()];
        let [one, two, three] = &logs;
        let list = list(&[("One", &[one, two]), ("Two", &[three])]);
        Self { authority: Authority::new("Public Root", 1), list, logs }
    }

    /// A leaf with an SCT of each of the logs with these numbers.
    fn leaf(&self, logs: &[usize]) -> Certificate {
        self.leaf_issued(&logs.iter().map(|log| (*log, ISSUED)).collect::<Vec<_>>())
    }

    fn leaf_issued(&self, logs: &[(usize, Timestamp)]) -> Certificate {
        let logs: Vec<_> = logs.iter().map(|(log, issued)| (&self.logs[*log], *issued)).collect();
        logged(&self.authority, HOST, Dates::CURRENT, &logs).swap_remove(0)
    }

    /// What the logs say of a leaf that lives for `life` seconds.
    fn assess_with_life(&self, leaf: &[u8], life: i64) -> Assessment<'_> {
        let not_before = NOW.plus_seconds(-DAY);
        let subject = Subject {
            leaf,
            issuer_key: Sha256::of(&webpki::spki_for_anchor(&self.authority.anchor())),
            not_before,
            not_after: not_before.plus_seconds(life),
        };
        assess(&subject, &Logs::of(&self.list), NOW)
    }

    /// What the logs say of a leaf that lives for ninety days.
    fn assess(&self, leaf: &Certificate) -> Assessment<'_> {
        self.assess_with_life(leaf.as_der(), 90 * DAY)
    }

    fn set_state(&mut self, log: usize, phase: CtLogPhase, since: Timestamp) {
        self.entry(log).state = Some(CtLogState { phase, since });
    }

    fn entry(&mut self, log: usize) -> &mut crate::model::CtLog {
        match log {
            2 => &mut self.list.operators[1].logs[0],
            log => &mut self.list.operators[0].logs[log],
        }
    }
}

fn flaws(assessment: &Assessment<'_>) -> Vec<Option<Flaw>> {
    assessment.scts.iter().map(|sct| sct.vouching.err()).collect()
}

#[test]
fn two_logs_of_two_operators_are_enough_for_a_short_life() {
    let world = World::new();
    let leaf = world.leaf(&[0, 2]);
    let assessment = world.assess(&leaf);
    assert_eq!((assessment.gap, assessment.logs, assessment.needed), (None, 2, 2));
    assert_eq!(Vec::from_iter(assessment.operators), ["One", "Two"]);
}

#[test]
fn a_life_of_more_than_180_whole_days_needs_a_third_log() {
    let world = World::new();
    for (life, gap) in [(181 * DAY - 1, None), (181 * DAY, Some(Gap::TooFewLogs))] {
        assert_eq!(world.assess_with_life(world.leaf(&[0, 2]).as_der(), life).gap, gap, "{life}");
    }
    assert_eq!(world.assess_with_life(world.leaf(&[0, 1, 2]).as_der(), 398 * DAY).gap, None);
}

#[test]
fn one_operator_is_not_enough_nor_one_log_twice() {
    let world = World::new();
    assert_eq!(world.assess(&world.leaf(&[0, 1])).gap, Some(Gap::OneOperator));
    let twice = world.assess(&world.leaf(&[0, 0])).gap;
    assert_eq!(twice, Some(Gap::TooFewLogs));
}

#[test]
fn a_log_has_the_operator_that_it_had_when_it_issued() {
    let mut world = World::new();
    let leaf = world.leaf(&[0, 1]);
    let previous = |end_time| CtPreviousOperator { name: "Zero".to_owned(), end_time };
    world.entry(0).previous_operators = vec![previous(ISSUED)];
    assert_eq!(world.assess(&leaf).gap, Some(Gap::OneOperator));
    world.entry(0).previous_operators = vec![previous(ISSUED.plus_seconds(1))];
    assert_eq!(world.assess(&leaf).gap, None);
}

#[test]
fn tiled_logs_count_like_others() {
    let mut world = World::new();
    let operator = &mut world.list.operators[1];
    operator.tiled_logs = std::mem::take(&mut operator.logs);
    assert_eq!(world.assess(&world.leaf(&[0, 2])).gap, None);
}

#[test]
fn a_certificate_without_a_readable_list_has_no_scts() {
    let world = World::new();
    let plain = world.authority.chain(HOST, Dates::CURRENT).swap_remove(0);
    assert_eq!(world.assess(&plain).gap, Some(Gap::NoScts));
    for list in [&[][..], &[0], &[0, 0], &[0, 1, 0], &[0, 2, 0, 1], &[0, 2, 0, 0, 0]] {
        let leaf = world.authority.chain_with(HOST, Dates::CURRENT, vec![extension(list)]).swap_remove(0);
        assert!(world.assess(&leaf).gap.is_some(), "{list:?}");
    }
}

#[test]
fn two_lists_are_none() {
    let world = World::new();
    let (tbs, issuer) = unlogged(&world.authority, HOST, Dates::CURRENT);
    let sct = world.logs[0].sct(&tbs, &issuer, ISSUED);
    let list = [&[0, sct.len() as u8 + 2, 0, sct.len() as u8][..], &sct].concat();
    let leaf = |count| {
        let extensions = vec![extension(&list); count];
        world.authority.chain_with(HOST, Dates::CURRENT, extensions).swap_remove(0)
    };
    assert_eq!(world.assess(&leaf(1)).logs, 1);
    assert_eq!(world.assess(&leaf(2)).gap, Some(Gap::NoScts));
}

#[test]
fn an_sct_over_another_certificate_or_under_another_issuer_does_not_count() {
    let world = World::new();
    let (tbs, issuer) = unlogged(&world.authority, HOST, Dates::CURRENT);
    let (other, _) = unlogged(&world.authority, "bank.example", Dates::CURRENT);
    let other_issuer = TestLog::new().spki();
    let scts = [
        world.logs[0].sct(&tbs, &issuer, ISSUED),
        world.logs[1].sct(&other, &issuer, ISSUED),
        world.logs[2].sct(&tbs, &other_issuer, ISSUED),
    ];
    let leaf = with_scts(&world.authority, HOST, Dates::CURRENT, &scts).swap_remove(0);
    let assessment = world.assess(&leaf);
    assert_eq!(flaws(&assessment), [None, Some(Flaw::Signature), Some(Flaw::Signature)]);
    assert_eq!(assessment.gap, Some(Gap::TooFewLogs));
}

#[test]
fn a_log_that_the_list_lacks_does_not_count() {
    let mut world = World::new();
    let leaf = world.leaf(&[0, 2]);
    world.list.operators.pop();
    let assessment = world.assess(&leaf);
    assert_eq!(flaws(&assessment), [None, Some(Flaw::UnknownLog)]);
    assert_eq!(assessment.scts[1].log, Some(world.logs[2].id()));
}

#[test]
fn an_sct_of_another_version_does_not_spoil_the_others() {
    let world = World::new();
    let (tbs, issuer) = unlogged(&world.authority, HOST, Dates::CURRENT);
    let mut odd = world.logs[1].sct(&tbs, &issuer, ISSUED);
    odd[0] = 1;
    let mut long = world.logs[1].sct(&tbs, &issuer, ISSUED);
    long.push(0);
    let scts =
        [odd, long, world.logs[0].sct(&tbs, &issuer, ISSUED), world.logs[2].sct(&tbs, &issuer, ISSUED)];
    let leaf = with_scts(&world.authority, HOST, Dates::CURRENT, &scts).swap_remove(0);
    let assessment = world.assess(&leaf);
    assert_eq!(flaws(&assessment), [Some(Flaw::Unreadable), Some(Flaw::Unreadable), None, None]);
    assert_eq!(assessment.gap, None);
}

#[test]
fn an_sct_that_names_another_algorithm_than_its_logs_does_not_count() {
    let world = World::new();
    let (tbs, issuer) = unlogged(&world.authority, HOST, Dates::CURRENT);
    for algorithm in [[4, 1], [2, 3], [5, 3]] {
        let mut sct = world.logs[0].sct(&tbs, &issuer, ISSUED);
        sct[43..45].copy_from_slice(&algorithm);
        let leaf = with_scts(&world.authority, HOST, Dates::CURRENT, &[sct]).swap_remove(0);
        assert_eq!(flaws(&world.assess(&leaf)), [Some(Flaw::Signature)]);
    }
}

#[test]
fn a_log_counts_by_its_state() {
    let mut world = World::new();
    let leaf = world.leaf(&[0, 2]);
    for phase in CtLogPhase::ALL.iter().copied() {
        world.set_state(2, phase, ISSUED.plus_seconds(-1));
        let expected = match phase {
            CtLogPhase::Qualified | CtLogPhase::Usable | CtLogPhase::ReadOnly => None,
            CtLogPhase::Retired => Some(Flaw::Retired(ISSUED.plus_seconds(-1))),
            CtLogPhase::Pending | CtLogPhase::Rejected => Some(Flaw::NotAccepted(Some(phase))),
        };
        assert_eq!(flaws(&world.assess(&leaf)), [None, expected], "{phase}");
    }
    world.entry(2).state = None;
    assert_eq!(flaws(&world.assess(&leaf)), [None, Some(Flaw::NotAccepted(None))]);
}

#[test]
fn a_log_that_retired_since_counts_beside_one_in_use() {
    let mut world = World::new();
    let leaf = world.leaf(&[0, 2]);
    world.set_state(2, CtLogPhase::Retired, ISSUED.plus_seconds(60));
    assert_eq!(world.assess(&leaf).gap, None);
    world.set_state(0, CtLogPhase::Retired, ISSUED.plus_seconds(60));
    assert_eq!(world.assess(&leaf).gap, Some(Gap::OnlyRetiredLogs));
    world.set_state(0, CtLogPhase::Retired, NOW.plus_seconds(60));
    assert_eq!(world.assess(&leaf).gap, None);
}

#[test]
fn a_log_that_retired_during_the_issuance_counts() {
    let mut world = World::new();
    let leaf = world.leaf_issued(&[(0, ISSUED), (2, ISSUED.plus_seconds(5))]);
    world.set_state(2, CtLogPhase::Retired, ISSUED.plus_seconds(2));
    assert_eq!(world.assess(&leaf).gap, None);
}

#[test]
fn an_sct_from_the_future_does_not_count_but_for_a_clock_a_little_behind() {
    let world = World::new();
    for (ahead, flaw) in [(CLOCK_TOLERANCE, None), (CLOCK_TOLERANCE + 1, Some(Flaw::Future))] {
        let leaf = world.leaf_issued(&[(0, ISSUED), (2, NOW.plus_seconds(ahead))]);
        assert_eq!(flaws(&world.assess(&leaf)), [None, flaw], "{ahead}");
    }
}

#[test]
fn a_log_counts_for_certificates_that_end_in_its_interval() {
    let mut world = World::new();
    let leaf = world.leaf(&[0, 2]);
    let end = NOW.plus_seconds(89 * DAY);
    for (start, stop, flaw) in [
        (end, end.plus_seconds(1), None),
        (end.plus_seconds(-1), end, Some(Flaw::Interval)),
        (end.plus_seconds(1), end.plus_seconds(9), Some(Flaw::Interval)),
    ] {
        world.entry(2).temporal_interval = Some(CtInterval { start_inclusive: start, end_exclusive: stop });
        assert_eq!(flaws(&world.assess(&leaf)), [None, flaw]);
    }
}

#[test]
fn scts_beyond_the_limit_are_counted_and_not_looked_at() {
    let world = World::new();
    let mut logs = vec![0; MAX_SCTS];
    logs.push(2);
    let assessment = world.leaf(&logs);
    let assessment = world.assess(&assessment);
    assert_eq!((assessment.scts.len(), assessment.dropped), (MAX_SCTS, 1));
    assert_eq!(assessment.gap, Some(Gap::TooFewLogs));
}

#[test]
fn a_list_is_fit_to_judge_by_for_seventy_days() {
    let list = CtLogList { timestamp: NOW, operators: Vec::new() };
    for (age, timely) in [
        (0, true),
        (70 * DAY, true),
        (70 * DAY + 1, false),
        (-CLOCK_TOLERANCE, true),
        (-CLOCK_TOLERANCE - 1, false),
    ] {
        assert_eq!(is_timely(&list, NOW.plus_seconds(age)), timely, "{age}");
    }
}

#[test]
fn the_precertificate_is_the_certificate_before_its_scts() {
    let world = World::new();
    let (tbs, _) = unlogged(&world.authority, HOST, Dates::CURRENT);
    let leaf = world.leaf(&[0, 1, 2]);
    assert_eq!(Precertificate::of(leaf.as_der()).unwrap().tbs, tbs);
}

/// Made once by `tests/netlab/lab/pki.py`, with an RSA key for the second log; `openssl s_client -ct` takes both SCTs.
#[test]
fn scts_that_other_software_made_and_accepts_count() {
    let fixture = |name| {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/transparency");
        std::fs::read(folder.join(name)).unwrap()
    };
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(&fixture("chain.pem")).collect::<Result<_, _>>().unwrap();
    let list: CtLogList = serde_json::from_slice(&fixture("log_list.json")).unwrap();
    let (_, leaf) = x509_parser::parse_x509_certificate(&chain[0]).unwrap();
    let issuer = webpki::anchor_from_trusted_cert(&chain[1]).unwrap();
    let subject = Subject {
        leaf: &chain[0],
        issuer_key: Sha256::of(&webpki::spki_for_anchor(&issuer)),
        not_before: Timestamp::from_unix(leaf.validity().not_before.timestamp()),
        not_after: Timestamp::from_unix(leaf.validity().not_after.timestamp()),
    };
    assert!(is_timely(&list, list.timestamp));
    let logs = Logs::of(&list);
    let assessment = assess(&subject, &logs, list.timestamp);
    assert_eq!((assessment.gap, assessment.logs), (None, 2), "{assessment:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_judged_without_panic(leaf: Vec<u8>, sct_list: Vec<u8>) {
        let world = World::new();
        prop_assert_eq!(world.assess_with_life(&leaf, DAY).gap, Some(Gap::NoScts));
        let leaf = world.authority.chain_with(HOST, Dates::CURRENT, vec![extension(&sct_list)]);
        prop_assert!(world.assess(&leaf[0]).gap.is_some());
        let _ = read_list(&sct_list);
    }

    #[test]
    fn no_bit_of_a_certificate_can_change_unnoticed(place: prop::sample::Index, bit in 0..8_u32) {
        let world = World::new();
        let leaf = world.leaf(&[0, 2]);
        let (_, parsed) = x509_parser::parse_x509_certificate(leaf.as_der()).unwrap();
        // The head of the outer sequence, and what the authority signed.
        let signed = leaf.as_der().len() - parsed.signature_value.data.len() - 20;
        let mut changed = leaf.as_der().to_vec();
        changed[place.index(signed)] ^= 1 << bit;
        prop_assert!(world.assess_with_life(&changed, DAY).gap.is_some());
    }

    #[test]
    fn a_certificate_cut_short_has_no_scts(end: prop::sample::Index) {
        let world = World::new();
        let leaf = world.leaf(&[0, 2]);
        let cut = &leaf.as_der()[..end.index(leaf.as_der().len())];
        prop_assert_eq!(world.assess_with_life(cut, DAY).gap, Some(Gap::NoScts));
    }
}
