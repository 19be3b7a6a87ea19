//! Installed apps, of the machine and from exports.

use std::path::PathBuf;

use agent_core::model::{Fact, Inventory};

use super::Machine;
use crate::host::apps::{InventorySource, installed_apps};

const STATUS: &str = "Package: bash\nEssential: yes\nStatus: install ok installed\nVersion: 5.2.15-2\n\n\
                      Package: gone\nStatus: deinstall ok config-files\nVersion: 1.0\n";

const MDM: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0"><dict>
  <key>InstalledApplicationList</key><array>
    <dict><key>Identifier</key><string>com.example.mail</string><key>Name</key><string>Mail</string></dict>
    <dict><key>Identifier</key><string>com.example.game</string><key>Name</key><string>Game</string></dict>
  </array>
</dict></plist>"#;

const MANAGED: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0"><dict>
  <key>ManagedApplicationList</key><dict>
    <key>com.example.mail</key><dict><key>Status</key><string>Managed</string></dict>
  </dict>
</dict></plist>"#;

fn export(machine: &Machine, inventory: &str, managed: Option<&str>) -> Fact<Inventory> {
    let locate = |path: &str| -> PathBuf { machine.files().locate(path) };
    let source = InventorySource::Export { inventory: locate(inventory), managed: managed.map(locate) };
    installed_apps(&machine.files(), &source)
}

fn ids(apps: &Fact<Inventory>) -> Vec<&str> {
    let apps = &apps.value().expect("apps").apps;
    apps.iter().filter_map(|app| Some(app.id.as_ref()?.as_str())).collect()
}

#[test]
fn the_packages_that_are_installed_are_the_apps() {
    let machine = Machine::new().file("/var/lib/dpkg/status", STATUS);
    assert_eq!(ids(&installed_apps(&machine.files(), &InventorySource::Dpkg)), ["bash"]);
}

#[test]
fn an_export_is_read_by_its_content_and_joined_with_the_managed_list() {
    let machine = Machine::new().file("/apps.xml", MDM).file("/managed.xml", MANAGED);

    let apps = export(&machine, "/apps.xml", Some("/managed.xml"));

    assert_eq!(ids(&apps), ["com.example.game", "com.example.mail"]);
    let managed: Vec<_> = apps.value().unwrap().apps.iter().map(|app| app.managed).collect();
    assert_eq!(managed, [Some(false), Some(true)]);
}

#[test]
fn whatever_cannot_be_read_is_named_with_the_reason() {
    let machine = Machine::new().file("/apps.xml", MDM).file("/noise", "hello").file("/directory/file", "");
    for (apps, words) in [
        (installed_apps(&machine.files(), &InventorySource::Dpkg), "this system has no /var/lib/dpkg/status"),
        (export(&machine, "/absent", None), "/absent: there is no such file"),
        (export(&machine, "/directory", None), "/directory: not a regular file"),
        (export(&machine, "/noise", None), "/noise: not an app inventory in a known format (apple_mdm,"),
        (export(&machine, "/apps.xml", Some("/absent")), "/absent: there is no such file"),
        (export(&machine, "/apps.xml", Some("/noise")), "/noise: "),
    ] {
        let Fact::NotAvailable { why } = apps else { panic!("{words}: {apps:?}") };
        assert!(why.contains(words), "{why}");
    }
}
