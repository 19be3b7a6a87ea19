//! Cancelling, dropping, sharing and reopening an agent.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use super::support::*;
use crate::agent::*;
use crate::model::*;
use crate::report::ChainLink;

/// Far below the minute for which the host blocks.
const AT_ONCE: Duration = Duration::from_secs(20);

fn blocked() -> Device {
    let device = Device::enrolled(&settings());
    device.host.mood(Mood::Blocks);
    device
}

#[test]
fn cancel_ends_a_running_scan() {
    let device = blocked();
    let start = Instant::now();
    std::thread::scope(|threads| {
        let scan = threads.spawn(|| device.try_scan());
        wait_until(|| device.host.asked() > 0);
        device.agent.cancel();
        assert!(matches!(scan.join().unwrap(), Err(AgentError::Cancelled)));
    });
    assert!(start.elapsed() < AT_ONCE);
    device.host.mood(Mood::Answers);
    assert_eq!(device.scan().queued_reports, [1, 2], "nothing was begun");
}

#[test]
fn cancel_ends_a_scan_that_has_only_just_begun() {
    let device = blocked();
    for _ in 0..20 {
        let mut scan = pin!(device.agent.scan(ScanTrigger::Requested, AMPLE));
        assert!(scan.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        device.agent.cancel();
        let start = Instant::now();
        assert!(matches!(block_on(scan), Err(AgentError::Cancelled)));
        assert!(start.elapsed() < AT_ONCE);
    }
}

#[test]
fn cancel_does_not_end_what_comes_after_it() {
    let device = Device::new();
    device.agent.cancel();
    device.scan();
}

#[test]
fn a_scan_whose_future_is_dropped_stops() {
    let device = blocked();
    {
        let mut scan = pin!(device.agent.scan(ScanTrigger::Requested, AMPLE));
        assert!(scan.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        wait_until(|| device.host.asked() > 0);
    }
    device.host.mood(Mood::Answers);
    // As long as a scan of this host takes, many times over.
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(device.agent.status().unwrap().last_scan_at, None);
    assert_eq!(device.scan().queued_reports, [1, 2]);
}

#[test]
fn close_ends_a_running_scan_and_every_call_after_it() {
    let device = blocked();
    let start = Instant::now();
    std::thread::scope(|threads| {
        let scan = threads.spawn(|| device.try_scan());
        wait_until(|| device.host.asked() > 0);
        device.agent.close();
        assert!(matches!(scan.join().unwrap(), Err(AgentError::Closed)));
    });
    device.agent.close();
    device.agent.cancel();
    assert!(matches!(device.try_scan(), Err(AgentError::Closed)));
    assert!(matches!(block_on(device.agent.deliver(AMPLE)), Err(AgentError::Closed)));
    assert!(matches!(device.agent.status(), Err(AgentError::Closed)));
    assert!(matches!(device.agent.explain(Language::En), Err(AgentError::Closed)));
    assert!(matches!(device.agent.preview_report(), Err(AgentError::Closed)));
    assert!(matches!(device.agent.plan(ScanTrigger::Periodic), Err(AgentError::Closed)));
    assert!(matches!(device.agent.next_upload(), Err(AgentError::Closed)));
    assert!(start.elapsed() < AT_ONCE);
}

#[test]
fn close_ends_the_stream_of_events_for_who_waits() {
    let device = Device::new();
    device.scan();
    std::thread::scope(|threads| {
        let last = threads.spawn(|| {
            let mut told = 0;
            while block_on(device.agent.next_event()).is_some() {
                told += 1;
            }
            told
        });
        std::thread::sleep(Duration::from_millis(50));
        device.agent.close();
        assert!(last.join().unwrap() > 0, "what happened before is told");
    });
    assert_eq!(block_on(device.agent.next_event()), None);
}

#[test]
fn a_closed_agent_lets_go_of_its_host_and_its_store() {
    let device = Device::new();
    device.scan();
    device.agent.close();
    // Threads of the host's answers end a moment later.
    wait_until(|| Arc::strong_count(&device.host) == 1);
}

#[test]
fn a_call_off_thread_is_not_waited_for_beyond_its_limit() {
    let device = blocked();
    let agent = Arc::new(device.agent);
    let limit = Duration::from_millis(200);
    let start = Instant::now();
    let plan = block_on(agent.clone().off_thread(limit, |agent| agent.plan(ScanTrigger::Periodic)));
    assert!(matches!(plan, Err(AgentError::Deadline(_))), "{plan:?}");
    assert!(start.elapsed() < AT_ONCE);
    block_on(agent.off_thread(AMPLE, Agent::status)).unwrap();
}

#[test]
fn an_agent_may_be_dropped_inside_another_runtime() {
    for runtime in [&mut tokio::runtime::Builder::new_current_thread(), &mut multi_thread()] {
        let device = blocked();
        let start = Instant::now();
        runtime.build().unwrap().block_on(async move {
            let limit = Duration::from_millis(600);
            device.agent.scan(ScanTrigger::Requested, limit).await.unwrap();
            drop(device.agent);
        });
        assert!(start.elapsed() < AT_ONCE, "a question that the host still holds is not waited for");
    }
}

fn multi_thread() -> tokio::runtime::Builder {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2);
    builder
}

#[test]
fn an_agent_may_be_dropped_on_another_thread() {
    let device = Device::new();
    device.scan();
    let Device { agent, .. } = device;
    std::thread::spawn(move || drop(agent)).join().unwrap();
}

#[test]
fn calls_at_once_leave_one_unbroken_chain() {
    const CALLS: usize = 100;
    let device = Arc::new(Device::enrolled(&settings()));
    multi_thread().build().unwrap().block_on(async {
        let calls = (0..CALLS).map(|call| {
            let device = device.clone();
            tokio::spawn(async move {
                if call % 2 == 0 {
                    let scan = device.agent.scan(ScanTrigger::Requested, AMPLE).await.unwrap();
                    return scan.queued_reports.len();
                }
                let status = device.agent.status().unwrap();
                assert_eq!(status.level.is_some(), status.queued > 0, "a scan is seen whole or not at all");
                device.agent.explain(Language::Ko).unwrap();
                device.agent.preview_report().unwrap();
                0
            })
        });
        let mut reports = 0;
        for call in calls.collect::<Vec<_>>() {
            reports += call.await.unwrap();
        }
        assert_eq!(reports, CALLS / 2 + 1, "one device report a scan, and one change of level");
    });
    device.assert_sound_chain();
    assert_eq!(device.agent.status().unwrap().queued, CALLS / 2 + 1);
}

#[test]
fn another_process_continues_the_chain() {
    let device = Device::enrolled(&settings());
    device.install([app("a.one")]);
    let first = device.scan();
    let last_token = device.reports_of(&first).pop().unwrap().token;

    let device = device.reopened();
    let status = device.agent.status().unwrap();
    assert_eq!((status.level, status.queued), (Some(Level::Secured), 2));
    device.install([app("a.one"), app(MALWARE)]);
    let second = device.scan();
    assert_eq!(second.queued_reports, [3, 4]);
    assert_eq!(second.app_changes.added, [app(MALWARE)]);
    assert_eq!(device.claims_of(&second)[0].mtd_prev, Some(ChainLink::to(&last_token)));
    device.assert_sound_chain();
}

#[test]
fn another_process_still_says_where_to_tap_on_this_version() {
    let device = Device::enrolled(&settings());
    device.host.script(|script| {
        script.posture.os_version = Fact::known("13".into());
        script.posture.screen_lock = Fact::known(false);
    });
    device.scan();

    let device = device.reopened();
    let explained = device.agent.explain(Language::En).unwrap().unwrap();
    let lock =
        explained.findings.iter().find(|finding| finding.detection == Detection::ScreenLockOff).unwrap();
    assert!(lock.fix.starts_with("Settings > Security & privacy > Screen lock"), "{}", lock.fix);
}

#[test]
fn a_scan_that_was_stored_without_a_version_is_still_read() {
    let assessment = crate::policy::assess(&[], &[], &[]);
    let stored = serde_json::json!({ "at": Timestamp::from_unix(1_790_000_000), "assessment": assessment });
    let read: LastScan = serde_json::from_value(stored).unwrap();
    assert_eq!(read.os_version, None);
}
