//! Several processes on one store, and processes that die. The other process is this test binary again.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::support::*;
use crate::model::{ReportKind, Sha256};
use crate::store::*;

const CHILD_STORE: &str = "MTD_TEST_CHILD_STORE";
const CHILD_REPORTS: &str = "MTD_TEST_CHILD_REPORTS";
const CHILD_WORK: &str = "MTD_TEST_CHILD_WORK";

/// Not a test of its own: what the other process does. Replaces the data key over and over, or queues reports and prints
/// each number once it is committed, and the error that ended it.
#[test]
fn child() {
    let Ok(path) = std::env::var(CHILD_STORE) else { return };
    let count: u64 = std::env::var(CHILD_REPORTS).unwrap().parse().unwrap();
    let store = open(Path::new(&path)).unwrap();
    if std::env::var(CHILD_WORK).unwrap() == "rotate" {
        for number in 0..count {
            store.rotate_data_key(NOW).unwrap();
            println!("\nrotated {number}");
        }
        return;
    }
    for _ in 0..count {
        let queued: Result<_, StoreError> = store.write(|tx| {
            tx.enqueue(NOW, |position| Ok(report(position, ReportKind::DeviceReport, &"x".repeat(2000))))
        });
        match queued {
            Ok(report) => println!("\ncommitted {}", report.seq),
            Err(error) => return println!("\nfailed {error}"),
        }
    }
}

/// Starts [`child`] through `shell`, which ends in `exec "$0" "$@"` or is empty.
pub fn start(place: &Place, times: u64, work: &str, shell: &str) -> Child {
    let program = std::env::current_exe().unwrap();
    let mut command = if shell.is_empty() {
        Command::new(program)
    } else {
        let mut command = Command::new("sh");
        command.args(["-c", shell]).arg(program);
        command
    };
    command
        .args(["--exact", "store::tests::processes::child", "--nocapture", "--test-threads=1"])
        .env(CHILD_STORE, place.path())
        .env(CHILD_REPORTS, times.to_string())
        .env(CHILD_WORK, work)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The lines of `child` that begin with `word`, without it.
pub fn lines(child: &mut Child, word: &'static str) -> impl Iterator<Item = String> + use<> {
    let output = BufReader::new(child.stdout.take().unwrap());
    output.lines().map_while(Result::ok).filter_map(move |line| Some(line.strip_prefix(word)?.to_owned()))
}

#[test]
fn two_processes_share_a_store_without_losing_or_repeating_a_number() {
    let place = Place::new();
    let store = place.enrolled();
    let mut other = start(&place, 40, "enqueue", "");
    let ours: Vec<_> = (0..40).map(|_| enqueue(&store, ReportKind::RiskLevelChange, "").seq).collect();
    let theirs = lines(&mut other, "committed ").count();
    assert!(other.wait().unwrap().success());

    assert_eq!((ours.len(), theirs), (40, 40));
    assert_eq!(numbers(&store, ReportState::Queued), (1..=80).collect::<Vec<_>>());
    let last = read(&store, |tx| tx.reports(ReportState::Queued)).pop().unwrap();
    let token = read(&store, |tx| tx.token(last.id)).unwrap();
    assert_eq!(read(&store, |tx| tx.next_position()).prev, Some(Sha256::of(token.as_bytes())));
}

#[test]
fn a_process_that_replaces_the_data_key_disturbs_no_other() {
    let place = Place::new();
    let store = place.enrolled();
    let mut other = start(&place, 20, "rotate", "");
    for _ in 0..40 {
        enqueue(&store, ReportKind::RiskLevelChange, "");
    }
    assert_eq!(lines(&mut other, "rotated ").count(), 20);
    assert!(other.wait().unwrap().success());
    assert_eq!(numbers(&store, ReportState::Queued), (1..=40).collect::<Vec<_>>());
    for id in 1..=40 {
        assert_eq!(read(&store, |tx| tx.token(id)), Some(format!("token-{id}-")));
    }
}

#[test]
fn processes_that_make_the_store_at_the_same_time_agree_on_its_key() {
    for _ in 0..3 {
        let place = Place::new();
        let mut children: Vec<_> = (0..3).map(|_| start(&place, 0, "enqueue", "")).collect();
        let store = place.enrolled();
        for child in &mut children {
            assert!(child.wait().unwrap().success());
        }
        drop(store);
        assert_eq!(read(&place.open(), |tx| tx.next_position()).seq, 1);
    }
}

#[test]
fn a_store_that_another_process_holds_is_busy() {
    let place = Place::new();
    let store = place.enrolled();
    store.connection.lock().unwrap().busy_timeout(std::time::Duration::ZERO).unwrap();
    let other = rusqlite::Connection::open(place.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let result = store.write(|tx| tx.delete(Slot::Settings));
    assert!(matches!(result, Err(StoreError::Busy)));
    assert_eq!(read(&store, |tx| tx.next_position()).seq, 1, "reading goes on");
}

#[test]
fn what_was_committed_survives_the_death_of_the_process() {
    let place = Place::new();
    drop(place.enrolled());
    let mut child = start(&place, 100_000, "enqueue", "");
    let last = lines(&mut child, "committed ").nth(20).unwrap().parse::<u64>().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();

    let store = place.open();
    let queued = numbers(&store, ReportState::Queued);
    assert!(queued.len() as u64 >= last);
    assert_eq!(queued, (1..=queued.len() as u64).collect::<Vec<_>>());
    assert_eq!(enqueue(&store, ReportKind::DeviceReport, "").seq, queued.len() as u64 + 1);
}

#[cfg(unix)]
#[test]
fn a_file_system_that_lets_no_file_grow_loses_nothing() {
    let place = Place::new();
    drop(place.enrolled());
    // Blocks of 512 bytes (POSIX), of 1024 in some shells. The signal would end the process.
    let mut child = start(&place, 1000, "enqueue", r#"trap '' XFSZ; ulimit -f 1000; exec "$0" "$@""#);
    let output: Vec<_> = lines(&mut child, "").collect();
    child.wait().unwrap();
    let committed = output.iter().filter(|line| line.starts_with("committed ")).count() as u64;
    let failure = output.iter().find_map(|line| line.strip_prefix("failed "));
    assert!(failure.is_some_and(|why| why.starts_with("store: ")), "{failure:?}");
    assert!(committed > 5, "{committed}, then {failure:?}");

    let store = place.open();
    assert_eq!(numbers(&store, ReportState::Queued), (1..=committed).collect::<Vec<_>>());
    assert_eq!(enqueue(&store, ReportKind::DeviceReport, "").seq, committed + 1);
}
