//! The device's posture, gathered from the readers beside this module, and the plain facts that are one file
//! each.

use agent_core::model::{DevicePosture, Fact, Platform};

use super::encryption::storage_encrypted;
use super::environment::Environment;
use super::files::{Files, unreadable};
use super::integrity::{debug_flags, root_signs};
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
        debug_flags: debug_flags(files, environment),
        ..DevicePosture::not_available(Platform::Linux, "this machine does not tell")
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
