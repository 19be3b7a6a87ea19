//! Every detection that is not the network's, through the agent: what is done to a healthy phone for it to be found, and
//! that it is gone once that is undone. The network's own are found and resolved in the attack lab.

use super::support::*;
use crate::intel::bundle::Contents;
use crate::intel::testing::{attribution, contents, write};
use crate::intel::value::ValueKind;
use crate::model::*;

const MAIL: &str = "com.example.mail";
const FOREIGN: &str = "com.example.foreign";

#[test]
fn every_detection_is_found_and_is_gone_once_its_cause_is_undone() {
    for detection in Detection::ALL {
        let Some(wrong) = wrong(*detection) else { continue };
        let device = Device::enrolled(&demands());
        heal(&device, 1);
        assert_eq!(open(&device), [], "{detection}: a healthy phone");

        wrong(&device);
        let found = open(&device);
        assert!(found.contains(detection), "{detection} is not among {found:?}");

        heal(&device, 3);
        assert_eq!(open(&device), [], "{detection}: after {found:?}");
        wrong(&device);
        assert!(open(&device).contains(detection), "{detection} does not come back");
    }
}

/// Detections with an open finding, labels left out.
fn open(device: &Device) -> Vec<Detection> {
    let counts = |it: &Finding| it.is_open() && it.judgement.verdict >= Verdict::Suspicious;
    let findings = device.scan().findings.into_iter().filter(counts);
    findings.map(|finding| finding.judgement.detection).collect()
}

/// What is done to a healthy phone for `detection` to be found; `None` where that is done to its network.
fn wrong(detection: Detection) -> Option<fn(&Device)> {
    Some(match detection {
        Detection::MaliciousApp => |device| install(device, vec![app("com.listed.malware")]),
        Detection::UnwantedApp => |device| install(device, vec![app("com.listed.adware")]),
        Detection::ResignedApp => |device| {
            let others = SignerDigest::Sha256(Sha256::of(b"somebody else"));
            device.install([AppRecord { signers: vec![others], ..mail() }]);
        },
        Detection::ManagementRemoved => {
            |device| device.install([AppRecord { managed: Some(false), ..mail() }])
        }
        Detection::SideloadedApp => |device| install(device, vec![sideloaded()]),
        Detection::UnvalidatedApp => |device| {
            let app = AppRecord {
                validated: Some(false),
                installer: None,
                ..AppRecord { source: AppSource::AppleMdm, ..app(FOREIGN) }
            };
            install(device, vec![app]);
        },
        Detection::ThirdPartyStore => |device| {
            install(device, vec![AppRecord { installer: Some("org.fdroid.fdroid".into()), ..app(FOREIGN) }]);
        },
        Detection::DebuggableApp => {
            |device| install(device, vec![AppRecord { debuggable: Some(true), ..app(FOREIGN) }])
        }
        Detection::OldTargetSdk => {
            |device| install(device, vec![AppRecord { target_sdk: Some(22), ..app(FOREIGN) }])
        }
        Detection::RiskyPermissions => |device| install(device, vec![powerful()]),
        Detection::DeniedApp => |device| install(device, vec![app("com.denied.app")]),
        Detection::RequiredAppMissing => |device| device.install([]),
        Detection::AppBelowMinimum => {
            |device| device.install([AppRecord { short_version: Some("4.9".into()), ..mail() }])
        }
        Detection::UnmanagedTwin => |device| {
            let twin = AppRecord { managed: Some(false), version: Some("51".into()), ..mail() };
            device.install([mail(), twin]);
        },
        Detection::DeviceTakeover => |device| {
            install(device, vec![sideloaded()]);
            posture(device, |it| it.accessibility_services = apps(FOREIGN));
            posture(device, |it| it.always_on_vpn = apps(FOREIGN));
        },
        Detection::PhishingSite => |device| contact(device, "www.phishing.test"),
        Detection::MaliciousSite => |device| contact(device, "c2.malware.test"),
        Detection::UnwantedSite => |device| contact(device, "scam.test"),
        Detection::LookalikeDomain => |device| contact(device, "rnybank.com"),
        Detection::RiskyHost => |device| contact(device, "new.test"),
        Detection::Rooted => |device| posture(device, |it| it.root_signs = apps("su")),
        Detection::SystemTampered => |device| posture(device, |it| it.tamper_signs = apps("test keys")),
        Detection::Hooked => |device| posture(device, |it| it.hooking_signs = apps("frida")),
        Detection::Emulator => |device| posture(device, |it| it.emulator_signs = apps("goldfish")),
        Detection::KeyNotAttested => |device| {
            let demands = demands();
            let rules = DeviceRules { hardware_key: true, ..demands.device.clone() };
            device.obey(&Settings { device: rules, ..demands });
        },
        Detection::OsEndOfLife => |device| tables(device, EndOfLife::Ended, "2025-11-05"),
        Detection::OsExploited => |device| tables(device, EndOfLife::Supported, "2025-12-06"),
        Detection::OsBelowMinimum => |device| posture(device, |it| it.os_version = Fact::known("15".into())),
        Detection::OsOutdated => |device| posture(device, |it| it.os_version = Fact::known("16.0".into())),
        Detection::PatchOld => {
            |device| posture(device, |it| it.security_patch = Fact::known("2025-06-05".parse().unwrap()))
        }
        Detection::StorageUnencrypted => {
            |device| posture(device, |it| it.storage_encrypted = Fact::known(false))
        }
        Detection::ScreenLockOff => |device| posture(device, |it| it.screen_lock = Fact::known(false)),
        Detection::BootloaderUnlocked => {
            |device| posture(device, |it| it.bootloader_locked = Fact::known(false))
        }
        Detection::DeveloperMode => |device| posture(device, |it| it.developer_mode = Fact::known(true)),
        Detection::UsbDebugging => |device| posture(device, |it| it.usb_debugging = Fact::known(true)),
        Detection::WirelessDebugging => {
            |device| posture(device, |it| it.wireless_debugging = Fact::known(true))
        }
        Detection::DebuggingOn => |device| posture(device, |it| it.debug_flags = apps("a debugger")),
        Detection::UnknownSources => |device| posture(device, |it| it.unknown_sources = apps(FOREIGN)),
        Detection::AppVerificationOff => {
            |device| posture(device, |it| it.app_verification = Fact::known(false))
        }
        Detection::AlwaysOnVpn => |device| posture(device, |it| it.always_on_vpn = apps(FOREIGN)),
        Detection::AccessibilityGranted => {
            |device| posture(device, |it| it.accessibility_services = apps(FOREIGN))
        }
        Detection::DeviceAdminGranted => |device| posture(device, |it| it.device_admins = apps(FOREIGN)),
        Detection::RiskyProfile => |device| {
            let profile = ConfigurationProfile {
                identifier: "org.unknown.vpn".into(),
                name: None,
                organization: None,
                managed: Some(false),
                signed: Some(false),
                payload_types: vec!["com.apple.vpn.managed".into()],
            };
            posture(device, move |it| it.profiles = Fact::known(vec![profile]));
        },
        Detection::UndeclaredRoot => |device| {
            let root = AddedRoot {
                sha256: Sha256::of(b"root"),
                spki: SpkiPin::of_spki(b"key"),
                subject: "CN=Somebody".into(),
            };
            posture(device, move |it| it.added_roots = Fact::known(vec![root]));
        },
        Detection::AgentOutdated => |device| {
            let demands = demands();
            let rules = DeviceRules { minimum_agent: Some("99".parse().unwrap()), ..demands.device.clone() };
            device.obey(&Settings { device: rules, ..demands });
        },
        Detection::LocalProxy => |device| {
            let proxy = Proxy { scheme: "http".into(), address: "127.0.0.1:8080".into() };
            device.host.script(|it| it.network.proxies = Fact::known(vec![proxy]));
        },
        // A label: what is open of it is benign.
        Detection::VpnActive
        // Judged by what is measured.
        | Detection::ClockSkew
        | Detection::TrustStoreCompromised
        | Detection::CaptivePortal
        | Detection::TlsInterception
        | Detection::ManagedInspection
        | Detection::InvalidCertificate
        | Detection::TlsDowngrade
        | Detection::SslStrip
        | Detection::ContentTampering
        | Detection::ContentRecompressed
        | Detection::TransparentProxy
        | Detection::DnsSpoofing
        | Detection::DnsWildcard
        | Detection::SplitHorizon
        | Detection::DnsRedirected
        | Detection::PrivateDnsBlocked
        | Detection::ArpSpoofing
        | Detection::PathChanged
        | Detection::RogueDhcp
        | Detection::RogueRouter
        | Detection::ConfigurationChanged
        | Detection::EvilTwin => return None,
    })
}

/// What the organisation asks, and the phone of [`heal`] gives.
fn demands() -> Settings {
    let id = |text: &str| AppId::new(text).unwrap();
    let mut settings = settings();
    settings.apps.denied = vec![DeniedApp { id: id("com.denied.app"), reason: None }];
    settings.apps.required = vec![id(MAIL)];
    settings.apps.minimum_versions = vec![MinimumApp { id: id(MAIL), version: "5.0".into() }];
    settings.apps.trusted_installers.extend(["store.malware", "store.adware", "store.foreign"].map(id));
    settings.device.minimum_os = vec![MinimumOs { os: OsFamily::Android, version: "16".parse().unwrap() }];
    settings.web.own_domains = vec!["mybank.com".into()];
    settings
}

/// Everything as it should be, whatever was before; `version` is that of a bundle that has not been used yet.
fn heal(device: &Device, version: u64) {
    // Contacts of before count no longer.
    device.clock.advance(8 * 24 * 60 * 60);
    device.agent.contacted::<&str>(&[]).unwrap();
    device.obey(&demands());
    let nothing = || Fact::known(Vec::new());
    device.host.script(|script| {
        script.network.proxies = Fact::known(Vec::new());
        script.posture = DevicePosture {
            os_version: Fact::known("16.1".into()),
            security_patch: Fact::known("2025-12-05".parse().unwrap()),
            storage_encrypted: Fact::known(true),
            screen_lock: Fact::known(true),
            root_signs: nothing(),
            debug_flags: nothing(),
            os_build: Fact::known("BP2A".into()),
            tamper_signs: nothing(),
            hooking_signs: nothing(),
            emulator_signs: nothing(),
            bootloader_locked: Fact::known(true),
            verified_boot: Fact::known(VerifiedBoot::Green),
            developer_mode: Fact::known(false),
            usb_debugging: Fact::known(false),
            wireless_debugging: Fact::known(false),
            unknown_sources: nothing(),
            app_verification: Fact::known(true),
            always_on_vpn: nothing(),
            accessibility_services: nothing(),
            device_admins: nothing(),
            profiles: Fact::known(Vec::new()),
            added_roots: Fact::known(Vec::new()),
            ..script.posture.clone()
        };
    });
    device.install([mail()]);
    put_in_force(device, version, EndOfLife::Supported, "2025-11-05");
}

fn posture(device: &Device, change: impl FnOnce(&mut DevicePosture)) {
    device.host.script(|script| change(&mut script.posture));
}

/// Apps beside the one that has to be there.
fn install(device: &Device, apps: Vec<AppRecord>) {
    device.install(apps.into_iter().chain([mail()]));
}

fn contact(device: &Device, host: &str) {
    assert_eq!(device.agent.contacted(&[host]).unwrap(), 1, "{host}");
}

fn apps(text: &str) -> Fact<Vec<String>> {
    Fact::known(vec![text.to_owned()])
}

fn mail() -> AppRecord {
    AppRecord {
        short_version: Some("5.1".into()),
        debuggable: Some(false),
        target_sdk: Some(36),
        ..managed(MAIL)
    }
}

fn sideloaded() -> AppRecord {
    let installer = Some("com.google.android.packageinstaller".into());
    AppRecord { installer, debuggable: Some(false), target_sdk: Some(36), ..app(FOREIGN) }
}

fn powerful() -> AppRecord {
    let permissions = ["BIND_ACCESSIBILITY_SERVICE", "SYSTEM_ALERT_WINDOW", "READ_SMS"];
    let permissions = permissions.map(|name| format!("android.permission.{name}")).into();
    AppRecord { permissions, ..sideloaded() }
}

fn tables(device: &Device, end: EndOfLife, fixed: &str) {
    let version = device.agent.status().unwrap().intel.unwrap().version + 1;
    put_in_force(device, version, end, fixed);
}

/// A bundle that lists the apps and hosts of [`wrong`], and says of Android 16 when it ends and what has closed its hole.
fn put_in_force(device: &Device, version: u64, end_of_life: EndOfLife, fixed: &str) {
    use ThreatCategory::{Adware, Malware, NewlyListed, Phishing, Scam};
    let listed = [
        (ValueKind::AppId, "com.listed.malware", Malware),
        (ValueKind::AppId, "com.listed.adware", Adware),
        (ValueKind::Domain, "phishing.test", Phishing),
        (ValueKind::Domain, "malware.test", Malware),
        (ValueKind::Domain, "scam.test", Scam),
        (ValueKind::Domain, "new.test", NewlyListed),
    ];
    let listed = listed.map(|(kind, value, category)| (kind, value, attribution(category, None)));
    let android = OsRelease {
        cycle: "16".parse().unwrap(),
        released: "2025-06-10".parse().unwrap(),
        end_of_life,
        latest: Some("16.1".parse().unwrap()),
        latest_released: None,
    };
    let exploited = ExploitedVulnerability {
        cve: "CVE-2025-0001".into(),
        os: OsFamily::Android,
        added: "2025-11-01".parse().unwrap(),
        fixes: vec![Fix::Patch(fixed.parse().unwrap())],
    };
    let os = OsTables {
        releases: [(OsFamily::Android, vec![android])].into(),
        exploited: vec![exploited],
        ..OsTables::default()
    };
    let path = device.folder.path().join("download");
    write(&path, &Contents { os, ..contents(&listed) }, version);
    device.agent.install_intel(&path).unwrap();
}
