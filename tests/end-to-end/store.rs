//! A data folder that cannot be used: a clear error that says where, and the data stays as it was.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use rusqlite::Connection;

use crate::device::Device;
use crate::organisation::Organisation;
use crate::outage;

const STORE: &str = "data/agent.db";

#[test]
fn damaged_store_is_named_and_left_as_it_is() {
    let device = scanned();
    for noise in [vec![0x5a; 8192], b"SQLite format 3\0 and then something else".repeat(200)] {
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(device.path(&format!("{STORE}{suffix}")));
        }
        device.file(STORE, &noise);
        for line in ["status", "scan --inventory dpkg-status", "preview", "deliver"] {
            let ran = device.mtd(line);
            assert!(ran.error().contains(STORE) && ran.error().contains("damaged"), "{ran:?}");
        }
        assert_eq!(std::fs::read(device.path(STORE)).unwrap(), noise);
    }
}

#[test]
fn a_store_whose_key_is_gone_is_begun_anew_on_purpose() {
    let organisation = Organisation::acme();
    let device = outage::scanned(&organisation);
    std::fs::remove_file(device.path("data/wrapping-key")).unwrap();
    assert!(device.mtd("status").error().contains("(mtd start-over --erase)"));
    assert!(device.mtd("start-over").stderr.contains("--erase"), "nothing is erased but on purpose");

    device.mtd("start-over --erase").ends_with(0).says("not enrolled");
    device.mtd("status").ends_with(0).says("began anew");
    organisation.enrol(&device);
    device.mtd("scan --inventory dpkg-status").ends_with(0);
    assert_eq!(device.json("deliver")["still_queued"], 0);
    assert_eq!(organisation.devices().len(), 2, "whose key and store are gone is a new device");
}

#[test]
fn changed_bytes_within_the_store_are_noticed() {
    let device = scanned();
    let store = Connection::open(device.path(STORE)).unwrap();
    store.pragma_update(None, "wal_checkpoint", "TRUNCATE").unwrap();
    drop(store);
    let whole = std::fs::read(device.path(STORE)).unwrap();
    let mut noticed = 0;
    for start in (4096..whole.len()).step_by(4096) {
        let mut changed = whole.clone();
        changed[start + 64..start + 4096].iter_mut().for_each(|byte| *byte ^= 0xa5);
        device.file(STORE, &changed);
        let ran = device.mtd("status");
        if ran.status != Some(0) {
            let error = ran.error();
            assert!(error.contains("damaged") || error.contains("does not open"), "{ran:?}");
            noticed += 1;
        }
    }
    // What `status` does not read may be changed without its noticing.
    assert!(noticed > 0);
}

#[test]
fn store_of_a_newer_version_is_refused_and_keeps_its_content() {
    let device = scanned();
    let version = |version: i64| {
        Connection::open(device.path(STORE)).unwrap().pragma_update(None, "user_version", version).unwrap();
    };
    let known = Connection::open(device.path(STORE))
        .unwrap()
        .pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))
        .unwrap();
    version(999);
    let ran = device.mtd("scan --inventory dpkg-status");
    let error = ran.error();
    assert!(error.contains(STORE) && error.contains("version 999") && error.contains("update"), "{ran:?}");

    version(known);
    assert_ne!(device.json("status")["last_scan_at"], serde_json::Value::Null);
}

#[test]
fn database_of_another_program_is_refused() {
    let device = scanned();
    std::fs::remove_file(device.path(STORE)).unwrap();
    Connection::open(device.path(STORE)).unwrap().execute_batch("CREATE TABLE theirs (it)").unwrap();
    let ran = device.mtd("status");
    assert!(ran.error().contains(STORE) && ran.error().contains("another program"), "{ran:?}");
}

#[test]
fn store_whose_key_was_lost_says_what_to_do() {
    let device = scanned();
    std::fs::remove_file(device.path("data/wrapping-key")).unwrap();
    let ran = device.mtd("status");
    assert!(ran.error().contains(STORE) && ran.error().contains("its key is gone for good"), "{ran:?}");
}

#[test]
fn secret_that_others_may_read_is_refused() {
    let device = scanned();
    std::fs::set_permissions(device.path("data/wrapping-key"), Permissions::from_mode(0o644)).unwrap();
    let ran = device.mtd("status");
    assert!(ran.error().contains("wrapping-key") && ran.error().contains("chmod 600"), "{ran:?}");
}

#[test]
fn read_only_folder_is_respected_by_root_too() {
    let device = scanned();
    std::fs::set_permissions(device.path("data"), Permissions::from_mode(0o555)).unwrap();
    let ran = device.mtd("scan --inventory dpkg-status");
    std::fs::set_permissions(device.path("data"), Permissions::from_mode(0o755)).unwrap();
    assert!(ran.error().contains(STORE) && ran.error().contains("read-only"), "{ran:?}");
}

#[test]
fn file_in_place_of_the_data_folder_is_named() {
    let device = Device::new();
    device.file("data", "");
    for line in ["status", "scan", "deliver"] {
        let ran = device.mtd(line);
        assert!(ran.error().starts_with("data: ") && ran.error().contains("--data"), "{ran:?}");
    }
}

#[test]
fn store_is_private_to_its_owner() {
    let device = scanned();
    for entry in std::fs::read_dir(device.path("data")).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}: {mode:o}", entry.file_name());
    }
    let names = |bytes: &[u8]| bytes.windows(14).any(|window| window == b"notes-for-work");
    assert!(!names(&std::fs::read(device.path(STORE)).unwrap()), "the store is sealed");
}

/// A device with one scan behind it.
fn scanned() -> Device {
    let device = Device::new();
    device.fixture("dpkg-status");
    device.mtd("scan --inventory dpkg-status").ends_with(0);
    device
}
