//! Facts of the device that a file tells in the machine's place (`mtd scan --posture`): for fixtures of other devices, and
//! for what this machine cannot show.
//!
//! The file is a JSON object. Its keys are fields of [`DevicePosture`], its values facts. `"platform": "android"` makes it
//! another device: what the file does not name is then not told. Without a platform that stays as the machine tells it.

use agent_core::model::{DevicePosture, Platform};

use super::facts_file::{FactsFileError, members, replaceable_facts};

/// The device that is told of instead of this machine, or facts of it; none by default.
#[derive(Clone, Debug, Default)]
pub struct PostureOverride {
    platform: Option<Platform>,
    facts: PostureFacts,
}

impl PostureOverride {
    /// Reads the JSON object.
    pub fn from_json(text: &str) -> Result<Self, FactsFileError> {
        let mut members = members(text)?;
        let platform = members.remove("platform").map(serde_json::from_value).transpose();
        let platform = platform.map_err(|error| FactsFileError::Platform(error.to_string()))?;
        Ok(Self { platform, facts: PostureFacts::from_members(members)? })
    }

    /// The system that the file names.
    pub const fn platform(&self) -> Option<Platform> {
        self.platform
    }

    /// What is told instead of `own`, which is only asked for where it is needed.
    pub fn apply(&self, own: impl FnOnce() -> DevicePosture) -> DevicePosture {
        let whole = match self.platform {
            Some(platform) => DevicePosture::not_available(platform, "the file of the posture does not tell"),
            None => own(),
        };
        self.facts.apply(whole)
    }
}

replaceable_facts! {
    /// The facts of the device that are replaced.
    struct PostureFacts of DevicePosture, "no fact of a device",
        DevicePosture::not_available(Platform::Linux, "not replaced");
    model, os_name, os_version, kernel_version, security_patch, storage_encrypted, screen_lock, root_signs, debug_flags,
    os_build, tamper_signs, hooking_signs, emulator_signs, bootloader_locked, verified_boot, developer_mode,
    usb_debugging, wireless_debugging, unknown_sources, app_verification, always_on_vpn, accessibility_services,
    device_admins, profiles, added_roots,
}

#[cfg(test)]
mod tests {
    use agent_core::model::{Fact, VerifiedBoot};

    use super::*;

    fn machine() -> DevicePosture {
        DevicePosture {
            screen_lock: Fact::known(true),
            ..DevicePosture::not_available(Platform::Linux, "the machine's own word")
        }
    }

    #[test]
    fn only_the_named_facts_are_replaced() {
        let text = r#"{"verified_boot": {"state": "known", "value": "orange"}}"#;
        let expected = DevicePosture { verified_boot: Fact::known(VerifiedBoot::Orange), ..machine() };
        assert_eq!(PostureOverride::from_json(text).unwrap().apply(machine), expected);
        assert_eq!(PostureOverride::default().apply(machine), machine());
    }

    #[test]
    fn another_platform_has_nothing_of_this_machine() {
        let text = r#"{"platform": "android", "os_version": {"state": "known", "value": "14"}}"#;
        let told = PostureOverride::from_json(text).unwrap().apply(|| panic!("the machine is not asked"));
        assert_eq!((told.platform, &told.os_version), (Platform::Android, &Fact::known("14".to_owned())));
        assert_eq!(told.screen_lock, Fact::not_available("the file of the posture does not tell"));
    }

    #[test]
    fn every_fact_can_be_replaced() {
        let whole = serde_json::to_value(DevicePosture::not_available(Platform::Ios, "withheld")).unwrap();
        let replaced = PostureOverride::from_json(&whole.to_string()).unwrap();
        assert_eq!(serde_json::to_value(replaced.apply(machine)).unwrap(), whole);
        let mut facts = whole.as_object().unwrap().clone();
        facts.remove("platform");
        let replaced = PostureOverride::from_json(&serde_json::Value::from(facts).to_string()).unwrap();
        let expected = DevicePosture::not_available(Platform::Linux, "withheld");
        assert_eq!(replaced.apply(machine), expected);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (text, named) in [
            (
                r#"{"rooted": {"state": "known", "value": true}}"#,
                "`rooted` is no fact of a device; those are model,",
            ),
            (r#"{"screen_lock": true}"#, "`screen_lock`: "),
            (
                r#"{"verified_boot": {"state": "known", "value": "blue"}}"#,
                "`verified_boot`: \"blue\" is not one of",
            ),
            (r#"{"platform": "beos"}"#, "`platform`: \"beos\" is not one of ios, android, linux"),
            ("[]", "expected a JSON object of facts"),
        ] {
            let error = PostureOverride::from_json(text).unwrap_err().to_string();
            assert!(error.starts_with(named), "{error}");
        }
    }
}
