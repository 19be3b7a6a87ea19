use super::support::*;
use crate::model::*;
use crate::store::limits::*;
use crate::store::*;
use ReportKind::{DeviceReport, RiskLevelChange};

#[test]
fn before_enrolment_nothing_is_queued() {
    let store = Place::new().open();
    let result: Result<_, StoreError> = store.write(|tx| tx.enqueue(NOW, |_| unreachable!()));
    assert!(matches!(result, Err(StoreError::NotEnrolled)));
    assert_eq!(read(&store, |tx| tx.next_queued()), None);
    assert_eq!(read(&store, |tx| tx.dropped()), 0);
}

#[test]
fn each_report_has_the_next_number_and_links_to_the_one_before() {
    let place = Place::new();
    let store = place.enrolled();
    let mut before: Option<SignedReport> = None;
    for seq in 1..=3 {
        let signed = write(&store, |tx| {
            tx.enqueue(NOW, |position| {
                let prev = before.as_ref().map(|report| Sha256::of(report.token.as_bytes()));
                assert_eq!(*position, ChainPosition { epoch: "enrolment-1".into(), seq, prev });
                Ok::<_, StoreError>(report(position, DeviceReport, "x"))
            })
        });
        before = Some(signed);
    }
    drop(store);
    assert_eq!(read(&place.open(), |tx| tx.next_position()).seq, 4);
}

#[test]
fn a_report_that_could_not_be_signed_uses_no_number() {
    let place = Place::new();
    let store = place.enrolled();
    let failed: Result<SignedReport, StoreError> =
        store.write(|tx| tx.enqueue(NOW, |_| Err(StoreError::Io("keystore".into()))));
    assert!(failed.is_err());
    let other = |position: &ChainPosition| ChainPosition { seq: 7, ..position.clone() };
    let moved: Result<_, StoreError> =
        store.write(|tx| tx.enqueue(NOW, |position| Ok(report(&other(position), DeviceReport, ""))));
    assert!(matches!(moved, Err(StoreError::OutOfSequence { expected: 1, found: 7 })));
    assert_eq!(enqueue(&store, DeviceReport, "").seq, 1);
}

#[test]
fn a_queued_report_is_kept_byte_for_byte_until_its_receipt() {
    let place = Place::new();
    let token = enqueue(&place.enrolled(), RiskLevelChange, "body").token;

    let store = place.open();
    let (first, first_token) = due(&store).unwrap().unwrap();
    assert_eq!((first.kind, first.seq, first.jti.as_str(), first.attempts), (RiskLevelChange, 1, "jti-1", 0));
    assert_eq!(first.size, token.len() as u64);
    write(&store, |tx| tx.mark_attempt(1, NOW, NOW));
    let (again, again_token) = due(&store).unwrap().unwrap();
    assert_eq!((again.attempts, &first_token, &again_token), (1, &token, &token));

    assert!(write(&store, |tx| tx.acknowledge(1, NOW)));
    assert_eq!(read(&store, |tx| tx.next_queued()), None);
    assert!(!write(&store, |tx| tx.acknowledge(1, NOW)), "a second receipt");
    let sent = read(&store, |tx| tx.reports(ReportState::Sent));
    assert_eq!(sent[0].closed_at, Some(NOW));
    assert_eq!(read(&store, |tx| tx.token(sent[0].id)), Some(token));
}

#[test]
fn a_damaged_report_can_be_set_aside_and_holds_up_no_other() {
    let place = Place::new();
    let store = place.enrolled();
    enqueue(&store, DeviceReport, "one");
    enqueue(&store, DeviceReport, "two");
    place.meddle("UPDATE reports SET sealed = x'00' WHERE seq = 1");
    assert!(matches!(due(&store), Err(StoreError::Tampered { .. })));

    let damaged = read(&store, |tx| tx.next_queued()).unwrap();
    assert!(write(&store, |tx| tx.quarantine(damaged.id, "damaged on this device", NOW)));
    assert_eq!(due(&store).unwrap().unwrap().1, "token-2-two");
}

/// Found by hand: after an outage a later report overtook the one that waited for its retry.
#[test]
fn a_report_that_waits_is_not_overtaken() {
    let place = Place::new();
    let store = place.enrolled();
    (0..2).for_each(|_| drop(enqueue(&store, DeviceReport, "")));
    write(&store, |tx| tx.mark_attempt(1, NOW, NOW.plus_seconds(60)));
    let next = read(&store, |tx| tx.next_queued()).unwrap();
    assert_eq!((next.seq, next.next_attempt_at), (1, NOW.plus_seconds(60)));
    assert!(!next.is_due(NOW.plus_seconds(59)));
    assert!(next.is_due(NOW.plus_seconds(60)));
}

#[test]
fn no_clock_and_no_server_holds_a_report_for_more_than_a_day() {
    let place = Place::new();
    let store = place.enrolled();
    enqueue(&store, DeviceReport, "");
    let due = |at: i64| read(&store, |tx| tx.next_queued()).unwrap().is_due(NOW.plus_seconds(at));

    write(&store, |tx| tx.mark_attempt(1, NOW, NOW.plus_seconds(i64::MAX)));
    assert!(!due(MAX_WAIT_SECONDS - 1));
    assert!(due(MAX_WAIT_SECONDS));
    // The clock is set back by a year.
    assert!(due(-365 * 24 * 60 * 60));
}

/// The suspend or the clock of a device is no reason to wait twice.
#[test]
fn a_wait_is_over_when_the_clock_was_set_back_before_its_beginning() {
    let place = Place::new();
    let store = place.enrolled();
    enqueue(&store, DeviceReport, "");
    write(&store, |tx| tx.mark_attempt(1, NOW, NOW.plus_seconds(3600)));
    let due = |at: i64| read(&store, |tx| tx.next_queued()).unwrap().is_due(NOW.plus_seconds(at));
    let cases =
        [(-1, true), (-12 * 60 * 60, true), (0, false), (3599, false), (3600, true), (10_i64.pow(9), true)];
    for (at, is_due) in cases {
        assert_eq!(due(at), is_due, "{at} s later");
    }
}

#[test]
fn attempts_and_doubts_are_counted_for_each_report() {
    let place = Place::new();
    let store = place.enrolled();
    (0..2).for_each(|_| drop(enqueue(&store, DeviceReport, "")));
    write(&store, |tx| {
        tx.mark_attempt(1, NOW, NOW)?;
        tx.mark_unproven(1, NOW.plus_seconds(1), NOW)?;
        tx.mark_attempt(7, NOW, NOW)
    });
    let queued = read(&store, |tx| tx.reports(ReportState::Queued));
    let counts: Vec<_> = queued.iter().map(|it| (it.attempts, it.unproven, it.tried_at)).collect();
    assert_eq!(counts, [(2, 1, Some(NOW.plus_seconds(1))), (0, 0, None)]);
}

#[test]
fn a_report_is_replaced_by_its_parts_in_one_transaction_or_not_at_all() {
    let place = Place::new();
    let store = place.enrolled();
    (0..2).for_each(|_| drop(enqueue(&store, DeviceReport, "large")));
    let parts = |tx: &WriteTx<'_>, count: usize, fails: bool| -> Result<Vec<u64>, StoreError> {
        let mut numbers = Vec::new();
        for _ in 0..count {
            let part =
                tx.enqueue(NOW, |position| Ok::<_, StoreError>(report(position, DeviceReport, "part")));
            numbers.push(part?.seq);
        }
        if fails { Err(StoreError::Io("keystore".into())) } else { Ok(numbers) }
    };
    let failed: Result<_, StoreError> = store.write(|tx| tx.replace(1, NOW, || parts(tx, 2, true)));
    assert!(failed.is_err());
    assert_eq!(numbers(&store, ReportState::Queued), [1, 2]);

    let replaced = write(&store, |tx| tx.replace(1, NOW, || parts(tx, 2, false)));
    assert_eq!(replaced, Some(vec![3, 4]));
    assert_eq!(numbers(&store, ReportState::Queued), [2, 3, 4]);
    let kept = read(&store, |tx| tx.reports(ReportState::Replaced));
    assert_eq!(kept[0].reason.as_deref(), Some("too large; told again in reports 3, 4"));
    assert_eq!(read(&store, |tx| tx.token(kept[0].id)).as_deref(), Some("token-1-large"));
    assert_eq!(read(&store, |tx| tx.dropped()), 0);
    assert_eq!(write(&store, |tx| tx.replace(1, NOW, || parts(tx, 2, false))), None, "once");
    assert_eq!(numbers(&store, ReportState::Queued), [2, 3, 4]);
}

#[test]
fn a_report_is_found_by_its_identifier_wherever_it_is() {
    let place = Place::new();
    let store = place.enrolled();
    (0..3).for_each(|_| drop(enqueue(&store, DeviceReport, "")));
    write(&store, |tx| {
        tx.acknowledge(1, NOW)?;
        tx.quarantine(2, "refused", NOW)
    });
    let state = |jti: &str| read(&store, |tx| tx.report_called(jti)).map(|report| report.state);
    assert_eq!(state("jti-1"), Some(ReportState::Sent));
    assert_eq!(state("jti-2"), Some(ReportState::Quarantined));
    assert_eq!(state("jti-3"), Some(ReportState::Queued));
    assert_eq!(state("jti-4"), None);
}

#[test]
fn a_refused_report_is_kept_with_the_reason() {
    let place = Place::new();
    let store = place.enrolled();
    enqueue(&store, DeviceReport, "");
    assert!(write(&store, |tx| tx.quarantine(1, "invalid_audience", NOW)));
    assert!(!write(&store, |tx| tx.quarantine(1, "again", NOW)));
    let kept = read(&store, |tx| tx.reports(ReportState::Quarantined));
    assert_eq!(kept[0].reason.as_deref(), Some("invalid_audience"));
    assert!(read(&store, |tx| tx.token(kept[0].id)).is_some());
    assert_eq!(read(&store, |tx| tx.dropped()), 0);
}

#[test]
fn a_full_queue_drops_old_device_reports_before_changes_of_the_level() {
    let place = Place::new();
    let store = place.enrolled();
    write(&store, |tx| {
        for n in 0..MAX_QUEUED {
            let kind = if n % 2 == 0 { RiskLevelChange } else { DeviceReport };
            tx.enqueue(NOW, |position| Ok::<_, StoreError>(report(position, kind, "")))?;
        }
        Ok(())
    });
    assert_eq!(read(&store, |tx| tx.dropped()), 0);

    enqueue(&store, RiskLevelChange, "");
    enqueue(&store, DeviceReport, "");
    let queued = numbers(&store, ReportState::Queued);
    assert_eq!(queued.len() as u64, MAX_QUEUED);
    assert_eq!(queued[..4], [1, 3, 5, 6], "device reports 2 and 4 went");
    assert_eq!(*queued.last().unwrap(), MAX_QUEUED + 2);
    assert_eq!(read(&store, |tx| tx.dropped()), 2);
}

#[test]
fn a_queue_of_changes_of_the_level_drops_the_oldest_and_never_the_newest() {
    let place = Place::new();
    let store = place.enrolled();
    write(&store, |tx| {
        for _ in 0..=MAX_QUEUED {
            tx.enqueue(NOW, |position| Ok::<_, StoreError>(report(position, RiskLevelChange, "")))?;
        }
        Ok(())
    });
    assert_eq!(numbers(&store, ReportState::Queued)[0], 2);
    // The only device report is the newest: an old change of the level goes instead.
    enqueue(&store, DeviceReport, "");
    let queued = numbers(&store, ReportState::Queued);
    assert_eq!((queued[0], queued.last()), (3, Some(&(MAX_QUEUED + 2))));
}

#[test]
fn a_queue_of_large_reports_is_bounded_in_bytes() {
    let place = Place::new();
    let store = place.enrolled();
    let body = "x".repeat(1024 * 1024);
    write(&store, |tx| {
        for _ in 0..60 {
            tx.enqueue(NOW, |position| Ok::<_, StoreError>(report(position, DeviceReport, &body)))?;
        }
        Ok(())
    });
    let queued = read(&store, |tx| tx.reports(ReportState::Queued));
    let bytes: u64 = queued.iter().map(|report| report.size).sum();
    assert!(bytes <= MAX_QUEUED_BYTES && bytes > MAX_QUEUED_BYTES - 2 * 1024 * 1024);
    assert_eq!(read(&store, |tx| tx.dropped()), 60 - queued.len() as u64);
}

#[test]
fn the_history_of_sent_reports_is_bounded_and_not_counted_as_dropped() {
    let place = Place::new();
    let store = place.enrolled();
    for seq in 1..=MAX_SENT + 5 {
        let kind = if seq % 2 == 0 { RiskLevelChange } else { DeviceReport };
        enqueue(&store, kind, "");
        write(&store, |tx| tx.acknowledge(seq as i64, NOW));
    }
    let sent = numbers(&store, ReportState::Sent);
    assert_eq!((sent.len() as u64, sent[0]), (MAX_SENT, 6));
    assert_eq!(read(&store, |tx| tx.dropped()), 0);
}

#[test]
fn a_full_quarantine_counts_what_it_drops() {
    let place = Place::new();
    let store = place.enrolled();
    for seq in 1..=MAX_QUARANTINED + 3 {
        enqueue(&store, DeviceReport, "");
        write(&store, |tx| tx.quarantine(seq as i64, "refused", NOW));
    }
    assert_eq!(numbers(&store, ReportState::Quarantined).len() as u64, MAX_QUARANTINED);
    assert_eq!(read(&store, |tx| tx.dropped()), 3);
}

#[test]
fn a_new_enrolment_starts_a_new_chain_and_keeps_old_reports_from_its_connector() {
    let place = Place::new();
    let store = place.enrolled();
    enqueue(&store, DeviceReport, "old 1");
    enqueue(&store, DeviceReport, "old 2");
    write(&store, |tx| tx.acknowledge(1, NOW));
    write(&store, |tx| tx.start_epoch("enrolment-2", NOW));

    assert_eq!(numbers(&store, ReportState::Queued), [0; 0]);
    let kept = read(&store, |tx| tx.reports(ReportState::Quarantined));
    assert_eq!((kept[0].seq, kept[0].reason.as_deref()), (2, Some("the device was enrolled anew")));
    let expected = ChainPosition { epoch: "enrolment-2".into(), seq: 1, prev: None };
    assert_eq!(read(&store, |tx| tx.next_position()), expected);

    enqueue(&store, DeviceReport, "new 1");
    enqueue(&store, DeviceReport, "new 2");
    let second = row(&store, 2);
    assert!(write(&store, |tx| tx.acknowledge(second, NOW)));
    let sent = read(&store, |tx| tx.reports(ReportState::Sent));
    let token = read(&store, |tx| tx.token(sent[1].id)).unwrap();
    assert_eq!(token, "token-2-new 2", "number 2 of the old chain is another report");
}

#[test]
fn the_same_enrolment_again_goes_on_with_its_chain() {
    let place = Place::new();
    let store = place.enrolled();
    enqueue(&store, DeviceReport, "");
    write(&store, |tx| tx.start_epoch("enrolment-1", NOW));
    assert_eq!(read(&store, |tx| tx.next_position()).seq, 2);
    assert_eq!(numbers(&store, ReportState::Queued), [1]);
}
