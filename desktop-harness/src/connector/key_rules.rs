//! Which device keys an organisation takes.

use agent_core::platform::KeyProtection;
use serde::{Deserialize, Serialize};

use crate::attestation::android::AndroidRules;
use crate::attestation::apple::AppleRules;

/// What a device key has to be, for a device to be enrolled under it. Devices that are enrolled already stay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyRules {
    /// Whether a key may be kept in software, where whoever can read the device's files can copy it.
    pub software: bool,
    /// What Android's attestation has to say.
    pub android: AndroidRules,
    /// What Apple's attestation has to say.
    pub apple: AppleRules,
}

impl KeyRules {
    /// Refuses a key that these rules leave no place for, whatever attests to it.
    pub(super) fn check_protection(&self, protection: KeyProtection) -> Result<(), &'static str> {
        match protection {
            KeyProtection::Software if !self.software => {
                Err("this organisation takes no keys in software; a development connector does after \
                `mtd connector settings --accept-software-keys on`")
            }
            _ => Ok(()),
        }
    }
}
