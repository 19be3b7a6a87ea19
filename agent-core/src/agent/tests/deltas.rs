//! The shared inventory: in full where the connector needs it, else what changed.

use super::support::*;
use crate::agent::*;
use crate::inventory::{self, AppIdentity, InventoryDelta};
use crate::model::*;
use crate::report::InventoryReport;

/// What a connector knows that takes every report of `device` in order.
#[derive(Default)]
struct Known(Vec<AppRecord>);

impl Known {
    /// Takes the report of `scan`; whether it was a delta.
    fn take(&mut self, device: &Device, scan: &ScanResult) -> bool {
        match device.device_report_of(scan).inventory {
            InventoryReport::Full { apps, sha256, .. } => {
                assert_eq!(inventory::digest(&apps), sha256);
                self.0 = apps;
                false
            }
            InventoryReport::Delta { base_sha256, sha256, changed, removed, .. } => {
                let removed =
                    removed.into_iter().map(|it| AppIdentity { id: it.id, name: it.name }).collect();
                let delta = InventoryDelta { base_sha256, sha256, changed, removed };
                self.0 = inventory::apply(&self.0, &delta).unwrap();
                true
            }
            InventoryReport::NotShared { .. } => panic!("apps are shared"),
        }
    }
}

/// A corporate device that shared two apps, and its connector.
fn shared() -> (Device, Known) {
    let device = Device::enrolled(&sharing(Ownership::Corporate));
    device.install([app("a.one"), app("b.two")]);
    let mut known = Known::default();
    assert!(!known.take(&device, &device.scan()), "the first report has the full list");
    (device, known)
}

#[test]
fn after_the_full_list_only_changes_are_told() {
    let (device, mut known) = shared();
    let updated = AppRecord { version: Some("2".into()), ..app("b.two") };
    for apps in [vec![updated.clone(), app("c.three")], vec![updated], vec![]] {
        device.install(apps.clone());
        assert!(known.take(&device, &device.scan()));
        assert_eq!(known.0, apps);
    }
}

#[test]
fn an_unchanged_list_is_told_as_no_change() {
    let (device, mut known) = shared();
    let scan = device.scan();
    assert!(known.take(&device, &scan));
    let InventoryReport::Delta { changed, removed, base_sha256, sha256, .. } =
        device.device_report_of(&scan).inventory
    else {
        panic!("not a delta")
    };
    assert_eq!((changed, removed, base_sha256), (vec![], vec![], sha256));
}

#[test]
fn a_scan_without_apps_does_not_lose_the_place() {
    let (device, mut known) = shared();
    device.host.script(|script| script.apps = Fact::not_available("asleep"));
    device.scan();
    device.install([app("c.three")]);
    assert!(known.take(&device, &device.scan()));
    assert_eq!(known.0, [app("c.three")]);
}

#[test]
fn the_full_list_is_told_again_after_a_report_was_set_aside() {
    let (device, mut known) = shared();
    let file = rusqlite::Connection::open(device.folder.path().join("agent.db")).unwrap();
    file.execute_batch("UPDATE reports SET sealed = x'00' WHERE seq = 1").unwrap();
    let summary = block_on(device.agent.deliver(AMPLE)).unwrap();
    assert_eq!(summary.quarantined[0].seq, 1);
    assert!(!known.take(&device, &device.scan()));
    assert!(known.take(&device, &device.scan()));
}

#[test]
fn the_full_list_is_told_again_after_a_report_was_dropped() {
    let (device, mut known) = shared();
    let token = device.agent.preview_report().unwrap().remove(0).token;
    let filler = |position: &ChainPosition| {
        let (kind, seq) = (ReportKind::DeviceReport, position.seq);
        Ok::<_, AgentError>(SignedReport {
            kind,
            worth: ReportWorth::Inventory,
            jti: format!("filler-{seq}"),
            seq,
            token: token.clone(),
        })
    };
    let inner = device.agent.inner().unwrap();
    let store = &inner.store;
    store
        .write(|tx| {
            (0..crate::store::limits::MAX_QUEUED).try_for_each(|_| tx.enqueue(NOW, filler).map(|_| ()))
        })
        .unwrap();
    let dropped = device.agent.status().unwrap().dropped;
    assert!(dropped > 0);
    let scan = device.scan();
    assert_eq!(device.device_report_of(&scan).dropped, dropped);
    assert!(!known.take(&device, &scan));
}

#[test]
fn nothing_stale_is_built_upon_after_sharing_was_off() {
    for readable in [true, false] {
        let (device, mut known) = shared();
        device.obey(&settings());
        if !readable {
            device.host.script(|script| script.apps = Fact::not_available("asleep"));
        }
        let scan = device.scan();
        let withheld = readable.then_some(2);
        assert_eq!(device.device_report_of(&scan).inventory, InventoryReport::NotShared { withheld });

        device.obey(&sharing(Ownership::Corporate));
        device.install([app("a.one"), app("c.three")]);
        assert!(!known.take(&device, &device.scan()));
        assert_eq!(known.0, [app("a.one"), app("c.three")]);
    }
}
