//! The device's posture, gathered from the readers beside this module, and the plain facts that are one file
//! each.

use agent_core::model::{DevicePosture, Fact, OsVersion, Platform};

use super::added_roots::added_roots;
use super::encryption::storage_encrypted;
use super::environment::Environment;
use super::files::{Files, unreadable};
use super::firmware::{boot_gap, emulator_signs};
use super::hooks::hooking_signs;
use super::integrity::{debug_flags, root_signs, tamper_signs};
use super::patch_day::security_patch;
use super::screen_lock::screen_lock;

/// What makers leave in the DMI tables instead of a model name.
const BLANK_MODELS: &[&str] =
    &["", "default string", "not specified", "system product name", "to be filled by o.e.m."];

/// Where the model is told: PC firmware, then device tree.
const MODEL_FILES: &[&str] = &["/sys/class/dmi/id/product_name", "/proc/device-tree/model"];

/// os-release(5), in the order in which it is to be looked for.
const OS_RELEASE_FILES: &[&str] = &["/etc/os-release", "/usr/lib/os-release"];

/// Everything that this machine tells about its own state.
pub fn device_posture(files: &Files, environment: &Environment) -> DevicePosture {
    DevicePosture {
        platform: Platform::Linux,
        model: model(files),
        os_name: os_release(files, "NAME", "its os-release has no NAME"),
        os_version: os_release(
            files,
            "VERSION_ID",
            "this distribution has no version number: its os-release has no VERSION_ID",
        ),
        kernel_version: kernel_version(files),
        security_patch: security_patch(files),
        storage_encrypted: storage_encrypted(files, environment.home().as_deref()),
        screen_lock: screen_lock(files, environment),
        root_signs: root_signs(files),
        debug_flags: debug_flags(files),
        os_build: os_build(files),
        tamper_signs: tamper_signs(files),
        hooking_signs: hooking_signs(files, environment),
        emulator_signs: emulator_signs(files),
        bootloader_locked: Fact::not_available("a PC has no lock on its bootloader that could be told"),
        verified_boot: Fact::not_available(boot_gap(files)),
        developer_mode: Fact::not_available("a Linux desktop has no developer mode"),
        usb_debugging: Fact::not_available("a Linux desktop is not debugged over USB"),
        wireless_debugging: Fact::not_available(
            "a Linux desktop has no switch for debugging over the network",
        ),
        unknown_sources: Fact::not_available("a Linux desktop has no list of apps that may install others"),
        app_verification: Fact::not_available("no check of apps comes with a Linux desktop"),
        always_on_vpn: Fact::not_available("a Linux desktop does not tell which program keeps a VPN up"),
        accessibility_services: Fact::not_available(
            "a Linux desktop does not list who uses its accessibility bus",
        ),
        device_admins: Fact::not_available("a Linux desktop has no device administrators"),
        profiles: Fact::not_available("a Linux desktop has no configuration profiles"),
        added_roots: added_roots(files),
    }
}

/// Debian's point release, which its os-release leaves out; else the build that os-release names, if any.
fn os_build(files: &Files) -> Fact<String> {
    let point_release = files.text("/etc/debian_version").unwrap_or_default();
    match point_release.trim() {
        text if text.parse::<OsVersion>().is_ok() => Fact::known(text.to_owned()),
        _ => os_release(files, "BUILD_ID", "this distribution has no builds: its os-release has no BUILD_ID"),
    }
}

fn model(files: &Files) -> Fact<String> {
    for path in MODEL_FILES {
        let Ok(text) = files.text(path) else { continue };
        let name = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        if BLANK_MODELS.contains(&name.to_lowercase().as_str()) {
            return Fact::not_available("the maker left the model name blank");
        }
        return Fact::known(name.to_owned());
    }
    Fact::not_available("the firmware tells no model name")
}

fn os_release(files: &Files, name: &str, absent: &str) -> Fact<String> {
    let mut result = Err(std::io::ErrorKind::NotFound.into());
    for path in OS_RELEASE_FILES {
        result = files.text(path);
        if result.is_ok() {
            break;
        }
    }
    match result {
        Ok(text) => assignment(&text, name).map_or_else(|| Fact::not_available(absent), Fact::known),
        Err(error) => unreadable("/etc/os-release", &error),
    }
}

/// The value of `NAME=value`, where the value may be quoted as in a shell (os-release(5)).
fn assignment(text: &str, name: &str) -> Option<String> {
    let value = text.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='))?;
    let quoted = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    let mut plain = String::new();
    let mut characters = quoted.unwrap_or(value).chars();
    while let Some(character) = characters.next() {
        plain.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    (!plain.is_empty()).then_some(plain)
}

fn kernel_version(files: &Files) -> Fact<String> {
    const PATH: &str = "/proc/sys/kernel/osrelease";
    match files.text(PATH) {
        Ok(text) => Fact::known(text.trim().to_owned()),
        Err(error) => unreadable(PATH, &error),
    }
}
