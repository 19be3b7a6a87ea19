//! Hosts that hang and hosts that panic.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::support::*;
use crate::agent::*;
use crate::model::*;

/// Far below the minute for which the host blocks, far above what a busy machine adds to a deadline of a second.
const GENEROUS: Duration = Duration::from_secs(20);

#[test]
fn a_host_that_blocks_does_not_hold_a_scan_beyond_its_deadline() {
    let device = Device::enrolled(&settings());
    device.host.mood(Mood::Blocks);
    let start = Instant::now();
    let scan = block_on(device.agent.scan(ScanTrigger::Requested, Duration::from_secs(1))).unwrap();
    assert!(start.elapsed() < GENEROUS, "{:?}", start.elapsed());

    assert_eq!(scan.assessment.level, Level::Unknown);
    for outcome in &scan.checks {
        // The agent knows its own version and key.
        let is_of_the_agent = matches!(outcome.check, CheckId::AgentVersion | CheckId::KeyAttestation);
        assert_eq!(outcome.coverage == Coverage::Complete, is_of_the_agent, "{outcome:?}");
    }
    let why = "the host app did not answer in time";
    assert_eq!(scan.posture, DevicePosture::not_available(Platform::Android, why));
    assert_eq!(scan.queued_reports, [1, 2], "what is known is told");

    device.host.mood(Mood::Answers);
    assert_eq!(device.scan().assessment.level, Level::Secured);
}

#[test]
fn questions_to_a_host_that_blocks_do_not_pile_up() {
    const THREADS: usize = 8;
    let device = Device::new();
    device.host.mood(Mood::Blocks);
    for _ in 0..5 {
        block_on(device.agent.scan(ScanTrigger::Periodic, Duration::from_millis(550))).unwrap();
    }
    device.host.mood(Mood::Answers);
    device.scan();
    let asked = device.host.asked();
    assert!(asked <= THREADS + 4, "{asked}: nobody waits for more than the last scan's answers");
}

#[test]
fn a_host_that_panics_is_one_that_cannot_tell() {
    let device = Device::enrolled(&settings());
    device.host.mood(Mood::Panics);
    let scan = device.scan();
    assert_eq!(scan.assessment.level, Level::Unknown);
    assert_eq!(scan.posture.model, Fact::not_available("the host app failed while answering"));
    device.host.mood(Mood::Answers);
    assert_eq!(device.scan().assessment.level, Level::Secured);
    device.assert_sound_chain();
}

#[test]
fn a_key_that_panics_fails_the_scan_and_harms_nothing() {
    let device = Device::enrolled(&settings());
    device.scan();
    let before = device.agent.status().unwrap();
    device.key.panics.store(true, Ordering::SeqCst);
    device.install([app(MALWARE)]);
    assert!(matches!(device.try_scan(), Err(AgentError::Runtime(_))));
    assert_eq!(device.agent.status().unwrap(), before);

    device.key.panics.store(false, Ordering::SeqCst);
    let scan = device.scan();
    assert_eq!(scan.assessment.level, Level::High);
    assert_eq!(scan.app_changes.added, [app(MALWARE)], "the failed scan left nothing behind");
    device.assert_sound_chain();
}

#[test]
fn a_key_that_hangs_does_not_hold_the_scan_and_loses_nothing() {
    let device = Device::enrolled(&settings());
    device.key.hangs.store(true, Ordering::SeqCst);
    let begin = Instant::now();
    let scan = block_on(device.agent.scan(ScanTrigger::Requested, Duration::ZERO));
    assert!(matches!(scan, Err(AgentError::Deadline(_))), "{scan:?}");
    assert!(begin.elapsed() < Duration::from_secs(20));

    device.key.hangs.store(false, Ordering::SeqCst);
    device.scan();
    device.assert_sound_chain();
}

#[test]
fn any_limit_will_do() {
    let device = Device::new();
    for limit in [Duration::ZERO, Duration::MAX] {
        block_on(device.agent.scan(ScanTrigger::Requested, limit)).unwrap();
    }
    assert!(matches!(block_on(device.agent.deliver(Duration::MAX)), Err(AgentError::NotEnrolled)));
}
