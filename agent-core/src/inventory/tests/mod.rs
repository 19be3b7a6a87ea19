//! Tests of the inventory module. Fixtures: `agent-core/tests/fixtures/inventory`, written for this project.

mod bad_input;
mod changes;
mod golden;
mod listed;
mod properties;
mod shared_data;
mod sharing;

use std::path::PathBuf;

use super::{Format, read};
use crate::model::{AppId, AppRecord, AppSource, Inventory, Sha256, SignerDigest};

/// One fixture for each format, and more where a format has several forms.
const FIXTURES: &[(Format, &str)] = &[
    (Format::AppleMdm, "installed-applications.plist"),
    (Format::AndroidDumpsys, "dumpsys-package-android14.txt"),
    (Format::AndroidDumpsys, "dumpsys-package-android4-windows.txt"),
    (Format::AndroidPmList, "pm-list-packages.txt"),
    (Format::AndroidManagement, "application-reports.json"),
    (Format::MicrosoftGraph, "detected-apps.json"),
    (Format::Dpkg, "dpkg-status"),
];

fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/inventory").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read_fixture(format: Format, name: &str) -> Inventory {
    read(format, &fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The same plist in the binary encoding.
fn to_binary_plist(xml: &[u8]) -> Vec<u8> {
    let mut binary = Vec::new();
    plist::Value::from_reader_xml(xml).unwrap().to_writer_binary(&mut binary).unwrap();
    binary
}

fn app(id: &str) -> AppRecord {
    AppRecord { id: AppId::new(id), ..AppRecord::from_source(AppSource::AndroidPackageManager) }
}

fn signed(id: &str, signers: &[SignerDigest]) -> AppRecord {
    AppRecord { signers: signers.to_vec(), ..app(id) }
}

fn sha256(of: &str) -> SignerDigest {
    SignerDigest::Sha256(Sha256::of(of.as_bytes()))
}

fn inventory(apps: impl IntoIterator<Item = AppRecord>) -> Inventory {
    Inventory { apps: apps.into_iter().collect(), ..Inventory::default() }
}

fn find<'a>(inventory: &'a Inventory, id: &str) -> &'a AppRecord {
    let id = AppId::new(id);
    inventory.apps.iter().find(|app| app.id == id).unwrap_or_else(|| panic!("{id:?} is not in the inventory"))
}

/// The notes as a person would read them in the log.
fn notes(inventory: &Inventory) -> Vec<String> {
    inventory.notes.iter().map(|note| format!("inventory: {} {}", note.place, note.message)).collect()
}
