//! The state of the device, judged: pure, from the host's facts, without I/O or a clock.
//!
//! [`judge`] gives exactly one outcome for each check of the device but [`Composite`](crate::model::CheckId::Composite),
//! whatever the host knows. A fact that is not permitted or not available is never clean: a check that rests on it alone has no result, and
//! one that rests on others too leaves undecided what this fact would tell, which keeps open what is open.

mod access;
mod agent;
mod boot;
mod debugging;
mod os;
mod parts;
mod path;
mod profiles;
mod roots;
mod signs;
mod sources;
mod words;

use crate::model::{
    CheckOutcome, DevicePosture, Inventory, KeyProtection, NetworkSnapshot, OsTables, Settings, Timestamp,
};

/// From when on a security patch is too old, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Older than this is suspicious.
    pub patch_max_age_days: u32,
    /// Older than this is confirmed.
    pub patch_overdue_days: u32,
}

/// Everything that a device is judged by, as it is at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Device<'a> {
    /// What its host tells of it.
    pub posture: &'a DevicePosture,
    /// The network in use: for the proxies and VPNs.
    pub network: &'a NetworkSnapshot,
    /// The installed apps, where the host tells: for where an app came from.
    pub inventory: Option<&'a Inventory>,
    /// What the organisation declared and asks.
    pub settings: &'a Settings,
    /// When a patch is too old.
    pub thresholds: Thresholds,
    /// What is known of versions of operating systems; absent without an intelligence bundle.
    pub tables: Option<&'a OsTables>,
    /// How the key that signs reports is kept.
    pub key: Option<KeyProtection>,
    /// The version of the agent.
    pub agent_version: &'a str,
    /// When.
    pub now: Timestamp,
}

/// Judges the device, in the order of [`CheckId::ALL`](crate::model::CheckId::ALL).
pub fn judge(device: &Device<'_>) -> Vec<CheckOutcome> {
    let posture = device.posture;
    vec![
        os::judge(device),
        signs::storage_encryption(posture),
        signs::screen_lock(posture),
        signs::integrity(posture),
        signs::system_integrity(posture),
        signs::runtime(posture),
        boot::judge(posture),
        agent::key(device.key, &device.settings.device),
        debugging::judge(posture),
        sources::judge(posture, &device.settings.apps),
        access::judge(device),
        roots::judge(posture, &device.settings.network.inspection_roots),
        profiles::judge(posture, &device.settings.device),
        path::judge(device.network, &device.settings.network.proxies),
        agent::version(device.agent_version, &device.settings.device),
    ]
}

#[cfg(test)]
mod tests;
