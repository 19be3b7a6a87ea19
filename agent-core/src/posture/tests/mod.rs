//! Devices on which all is well but one thing.

mod access;
mod agent;
mod coverage;
mod exploited;
mod os;
mod path;
mod profiles;
mod roots;
mod signs;
mod sources;

use super::{Device, Thresholds, judge};
use crate::model::*;

const THRESHOLDS: Thresholds = Thresholds { patch_max_age_days: 90, patch_overdue_days: 180 };

/// 2026-10-17T09:20:00Z.
const NOW: Timestamp = Timestamp::from_unix(1_792_228_800);

/// Everything that a [`Device`] borrows.
#[derive(Clone)]
struct World {
    posture: DevicePosture,
    network: NetworkSnapshot,
    inventory: Option<Inventory>,
    settings: Settings,
    tables: Option<OsTables>,
    key: Option<KeyProtection>,
    agent_version: &'static str,
    now: Timestamp,
}

impl World {
    /// An Android phone on which everything is told and all is well.
    fn phone() -> Self {
        let posture = DevicePosture {
            platform: Platform::Android,
            model: Fact::known("Pixel 8".into()),
            os_name: Fact::known("Android".into()),
            os_version: Fact::known("16".into()),
            kernel_version: Fact::known("6.1.99-android14".into()),
            security_patch: Fact::known(day("2026-10-05")),
            storage_encrypted: Fact::known(true),
            screen_lock: Fact::known(true),
            root_signs: Fact::known(vec![]),
            debug_flags: Fact::known(vec![]),
            os_build: Fact::known("BP2A.250605.031".into()),
            tamper_signs: Fact::known(vec![]),
            hooking_signs: Fact::known(vec![]),
            emulator_signs: Fact::known(vec![]),
            bootloader_locked: Fact::known(true),
            verified_boot: Fact::known(VerifiedBoot::Green),
            developer_mode: Fact::known(false),
            usb_debugging: Fact::known(false),
            wireless_debugging: Fact::known(false),
            unknown_sources: Fact::known(vec!["com.android.vending".into()]),
            app_verification: Fact::known(true),
            always_on_vpn: Fact::known(vec![]),
            accessibility_services: Fact::known(vec![]),
            device_admins: Fact::known(vec![]),
            profiles: Fact::known(vec![]),
            added_roots: Fact::known(vec![]),
        };
        let network = NetworkSnapshot {
            proxies: Fact::known(vec![]),
            vpns: Fact::known(vec![]),
            ..NetworkSnapshot::not_available("not needed here")
        };
        Self {
            posture,
            network,
            inventory: Some(Inventory::default()),
            settings: Settings::default(),
            tables: Some(tables()),
            key: Some(KeyProtection::StrongBox),
            agent_version: "1.4.2",
            now: NOW,
        }
    }

    /// An iPhone of this version, which tells what iOS tells.
    fn iphone(version: &str) -> Self {
        let mut world = Self::phone();
        world.posture = DevicePosture {
            platform: Platform::Ios,
            os_name: Fact::known("iOS".into()),
            model: Fact::known("iPhone17,1".into()),
            os_version: Fact::known(version.into()),
            security_patch: Fact::not_available("iOS has no patch level"),
            ..world.posture
        };
        world.key = Some(KeyProtection::SecureEnclave);
        world
    }

    /// The same with another posture.
    fn with(mut self, change: impl FnOnce(&mut DevicePosture)) -> Self {
        change(&mut self.posture);
        self
    }

    fn device(&self) -> Device<'_> {
        Device {
            posture: &self.posture,
            network: &self.network,
            inventory: self.inventory.as_ref(),
            settings: &self.settings,
            thresholds: THRESHOLDS,
            tables: self.tables.as_ref(),
            key: self.key,
            agent_version: self.agent_version,
            now: self.now,
        }
    }

    fn outcome(&self, check: CheckId) -> CheckOutcome {
        judge(&self.device()).into_iter().find(|outcome| outcome.check == check).unwrap()
    }

    /// The judgements of `detection`: subject and verdict of each.
    fn judged(&self, detection: Detection) -> Vec<(String, Verdict)> {
        let judgements = self.outcome(detection.check()).judgements.into_iter();
        let of_it = judgements.filter(|judgement| judgement.detection == detection);
        of_it.map(|judgement| (judgement.subject, judgement.verdict)).collect()
    }

    /// The verdict of `detection` on the device as a whole.
    fn verdict(&self, detection: Detection) -> Verdict {
        match self.judged(detection).as_slice() {
            [] => Verdict::Clean,
            [(subject, verdict)] if subject.is_empty() => *verdict,
            others => panic!("{others:?}"),
        }
    }

    fn reason(&self, detection: Detection) -> String {
        let judgements = self.outcome(detection.check()).judgements.into_iter();
        judgements.filter(|it| it.detection == detection).map(|it| it.reason).collect()
    }
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn version(text: &str) -> OsVersion {
    text.parse().unwrap()
}

fn texts(items: &[&str]) -> Fact<Vec<String>> {
    Fact::known(items.iter().map(|item| (*item).to_owned()).collect())
}

fn release(cycle: &str, end_of_life: EndOfLife, latest: Option<&str>) -> OsRelease {
    OsRelease {
        cycle: version(cycle),
        released: day("2020-01-01"),
        end_of_life,
        latest: latest.map(version),
        latest_released: latest.map(|_| day("2026-08-17")),
    }
}

fn on(date: &str) -> EndOfLife {
    EndOfLife::On(day(date))
}

fn exploited(cve: &str, os: OsFamily, added: &str, fixes: Vec<Fix>) -> ExploitedVulnerability {
    ExploitedVulnerability { cve: cve.into(), os, added: day(added), fixes }
}

fn fixed_in(versions: &[&str]) -> Vec<Fix> {
    versions.iter().map(|text| Fix::Version(version(text))).collect()
}

/// Tables in which every kind of cycle and of fix occurs.
fn tables() -> OsTables {
    use EndOfLife::{Ended, Supported};
    let android = vec![
        release("17", Supported, None),
        release("16", Supported, None),
        release("13", on("2026-03-02"), None),
        release("12.1", on("2025-03-03"), None),
        release("12", on("2025-03-03"), None),
        release("4.3", Ended, None),
    ];
    let ios = vec![
        release("26", Supported, Some("26.6.1")),
        release("18", Supported, Some("18.7.10")),
        release("17", on("2025-05-13"), Some("17.7.7")),
        release("16", Supported, Some("16.7.16")),
        release("14", on("2021-10-26"), Some("14.8.1")),
    ];
    let ipados = vec![release("26", Supported, Some("26.6.1")), release("17", Supported, Some("17.7.11"))];
    let debian = vec![
        release("13", Supported, Some("13.1")),
        release("12", on("2028-06-30"), Some("12.12")),
        release("11", on("2026-08-31"), Some("11.11")),
    ];
    let exploited = vec![
        exploited("CVE-2024-43093", OsFamily::Android, "2024-11-07", vec![Fix::Patch(day("2024-11-01"))]),
        exploited("CVE-2011-1823", OsFamily::Android, "2022-09-08", vec![]),
        exploited("CVE-2025-43300", OsFamily::Ios, "2025-08-21", fixed_in(&["16.7.12", "18.6.2"])),
        exploited("CVE-2023-41064", OsFamily::Ios, "2023-09-11", fixed_in(&["15.7.9", "16.6.1"])),
        exploited("CVE-2025-43300", OsFamily::Ipados, "2025-08-21", fixed_in(&["17.7.10", "18.6.2"])),
    ];
    OsTables {
        releases: [
            (OsFamily::Android, android),
            (OsFamily::Ios, ios),
            (OsFamily::Ipados, ipados),
            (OsFamily::Debian, debian),
        ]
        .into(),
        exploited,
        catalogue: Some(day("2026-10-01")),
    }
}

#[test]
fn a_phone_on_which_all_is_well_is_clean() {
    let outcomes = judge(&World::phone().device());
    assert!(outcomes.iter().all(|outcome| outcome.judgements.is_empty()), "{outcomes:?}");
    insta::assert_json_snapshot!("clean", outcomes);
}

#[test]
fn a_phone_on_which_nothing_is_well_says_why() {
    let mut world = World::phone().with(|posture| {
        posture.os_version = Fact::known("12".into());
        posture.security_patch = Fact::known(day("2024-01-05"));
        posture.storage_encrypted = Fact::known(false);
        posture.screen_lock = Fact::known(false);
        posture.root_signs = texts(&["/system/xbin/su"]);
        posture.debug_flags = texts(&["mock locations"]);
        posture.tamper_signs = texts(&["build tags are test-keys"]);
        posture.hooking_signs = texts(&["frida-agent in the process"]);
        posture.emulator_signs = texts(&["hardware is goldfish"]);
        posture.bootloader_locked = Fact::known(false);
        posture.verified_boot = Fact::known(VerifiedBoot::Orange);
        posture.developer_mode = Fact::known(true);
        posture.usb_debugging = Fact::known(true);
        posture.wireless_debugging = Fact::known(true);
        posture.unknown_sources = texts(&["com.example.browser"]);
        posture.app_verification = Fact::known(false);
        posture.always_on_vpn = texts(&["com.example.vpn"]);
        posture.accessibility_services = texts(&["com.example.helper"]);
        posture.device_admins = texts(&["com.example.admin"]);
        posture.profiles = Fact::known(vec![profiles::vpn()]);
        posture.added_roots = Fact::known(vec![roots::root("CN=Evil Root")]);
    });
    world.network.vpns = texts(&["tun0"]);
    let proxy = |address: &str| Proxy { scheme: "https".into(), address: address.into() };
    world.network.proxies = Fact::known(vec![proxy("127.0.0.1:8080"), proxy("proxy.example:3128")]);
    world.key = Some(KeyProtection::Software);
    world.settings.device.hardware_key = true;
    world.settings.device.minimum_agent = Some(version("2.0"));
    world.settings.device.minimum_os = vec![MinimumOs { os: OsFamily::Android, version: version("14") }];
    let outcomes = judge(&world.device());
    let alarming = |outcome: &&CheckOutcome| outcome.verdict() >= Verdict::Suspicious;
    assert_eq!(outcomes.iter().filter(alarming).count(), outcomes.len());
    insta::assert_json_snapshot!("findings", outcomes);
}
