//! What a full queue gives up, and what it never does.

use proptest::prelude::*;

use super::support::*;
use crate::model::*;
use crate::store::limits::*;
use crate::store::*;
use ReportWorth::{Findings, Inventory, Level};

fn worth(position: &ChainPosition, worth: ReportWorth, body: &str) -> SignedReport {
    let kind = match worth {
        Level => ReportKind::RiskLevelChange,
        Inventory | Findings => ReportKind::DeviceReport,
    };
    SignedReport { worth, ..report(position, kind, body) }
}

/// A store with these reports queued, each of `size` bytes and more.
fn filled(place: &Place, worths: &[ReportWorth], size: usize) -> Store {
    let (store, body) = (place.enrolled(), "x".repeat(size));
    write(&store, |tx| {
        worths.iter().try_for_each(|&it| {
            tx.enqueue(NOW, |position| Ok::<_, StoreError>(worth(position, it, &body))).map(|_| ())
        })
    });
    store
}

#[test]
fn inventory_goes_before_findings_and_findings_before_changes_of_the_level() {
    let place = Place::new();
    let mut worths = vec![Level, Findings, Inventory, Level, Findings, Inventory];
    worths.resize(MAX_QUEUED as usize, Level);
    let store = filled(&place, &worths, 0);
    for (step, goes) in [3, 6, 2, 5, 1, 4].into_iter().enumerate() {
        let before = numbers(&store, ReportState::Queued);
        assert!(before.contains(&goes));
        write(&store, |tx| tx.enqueue(NOW, |position| Ok::<_, StoreError>(worth(position, Level, ""))));
        let after = numbers(&store, ReportState::Queued);
        let gone: Vec<_> = before.iter().filter(|seq| !after.contains(seq)).collect();
        assert_eq!(gone, [&goes], "step {step}");
        assert_eq!(read(&store, |tx| tx.dropped()), step as u64 + 1);
    }
}

#[test]
fn the_newest_stays_whatever_it_is_worth() {
    let place = Place::new();
    let store = filled(&place, &vec![Level; MAX_QUEUED as usize], 0);
    for seq in MAX_QUEUED + 1..=MAX_QUEUED + 3 {
        write(&store, |tx| tx.enqueue(NOW, |position| Ok::<_, StoreError>(worth(position, Inventory, ""))));
        assert_eq!(numbers(&store, ReportState::Queued).last(), Some(&seq));
    }
    let queued = numbers(&store, ReportState::Queued);
    assert_eq!(queued[0], 2, "one change of the level made room, the inventories after it for each other");
    assert!(!queued.contains(&(MAX_QUEUED + 2)));
}

#[test]
fn what_a_report_is_worth_is_not_readable_and_not_believed_where_it_was_changed() {
    let place = Place::new();
    let store = filled(&place, &[Findings, Findings], 0);
    let column = "SELECT group_concat(hex(sealed_worth)) FROM reports";
    let sealed: String = store.connection.lock().unwrap().query_row(column, (), |row| row.get(0)).unwrap();
    let hex_of_findings: String = b"findings".iter().map(|byte| format!("{byte:02X}")).collect();
    assert!(!sealed.contains(&hex_of_findings));
    place.meddle(
        "UPDATE reports SET sealed_worth = (SELECT sealed_worth FROM reports WHERE seq = 1) WHERE seq = 2",
    );
    write(&store, |tx| {
        (3..=MAX_QUEUED + 1).try_for_each(|_| {
            tx.enqueue(NOW, |position| Ok::<_, StoreError>(worth(position, Findings, ""))).map(|_| ())
        })
    });
    assert!(!numbers(&store, ReportState::Queued).contains(&2), "the moved one went first");
}

#[test]
fn reports_of_an_earlier_version_outlive_inventory() {
    let place = Place::new();
    let store = filled(&place, &[Inventory, Inventory, Level], 0);
    place.meddle("UPDATE reports SET sealed_worth = NULL WHERE seq IN (1, 3)");
    write(&store, |tx| {
        (4..=MAX_QUEUED + 1).try_for_each(|_| {
            tx.enqueue(NOW, |position| Ok::<_, StoreError>(worth(position, Level, ""))).map(|_| ())
        })
    });
    let queued = numbers(&store, ReportState::Queued);
    assert_eq!(queued[..2], [1, 3]);
}

#[test]
fn what_an_earlier_enrolment_left_is_counted_once_in_the_next() {
    let place = Place::new();
    let store = filled(&place, &vec![Inventory; MAX_QUEUED as usize + 2], 0);
    assert_eq!(read(&store, |tx| tx.dropped()), 2);
    write(&store, |tx| tx.quarantine(3, "refused", NOW));
    let left = numbers(&store, ReportState::Queued).len() as u64;

    write(&store, |tx| tx.start_epoch("enrolment-2", NOW));
    // The one that the connector refused had to make room in the quarantine, and is lost too.
    let counted = 2 + left + 1;
    assert_eq!(read(&store, |tx| tx.dropped()), counted);
    assert_eq!(numbers(&store, ReportState::Quarantined).len() as u64, MAX_QUARANTINED);
    // They make room for others without being counted again.
    for _ in 0..MAX_QUARANTINED {
        let seq = enqueue(&store, ReportKind::DeviceReport, "").seq;
        let id = row(&store, seq);
        write(&store, |tx| tx.quarantine(id, "refused", NOW));
    }
    assert_eq!(read(&store, |tx| tx.dropped()), counted);
    write(&store, |tx| tx.start_epoch("enrolment-3", NOW));
    assert_eq!(read(&store, |tx| tx.dropped()), counted, "nothing was left this time");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// 50 MiB are full after some fifty reports of this size.
    #[test]
    fn nothing_goes_while_something_worth_less_could(
        worths in proptest::collection::vec(prop_oneof![Just(Inventory), Just(Findings), Just(Level)], 60..80),
    ) {
        let place = Place::new();
        let store = filled(&place, &worths, 1_000_000);
        let queued = numbers(&store, ReportState::Queued);
        let newest = worths.len() as u64;
        prop_assert_eq!(queued.last(), Some(&newest));
        prop_assert_eq!(read(&store, |tx| tx.dropped()), newest - queued.len() as u64);
        let worth_of = |seq: &u64| worths[*seq as usize - 1];
        let least_kept = queued.iter().filter(|seq| **seq != newest).map(worth_of).min().unwrap();
        for seq in (1..newest).filter(|seq| !queued.contains(seq)) {
            prop_assert!(worth_of(&seq) <= least_kept, "report {} went", seq);
        }
        let bytes: u64 = read(&store, |tx| tx.reports(ReportState::Queued)).iter().map(|it| it.size).sum();
        prop_assert!(bytes <= MAX_QUEUED_BYTES && bytes + 2_000_000 > MAX_QUEUED_BYTES);
    }
}
