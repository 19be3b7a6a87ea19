//! What an app is told without asking.

use agent_core::agent as core;

use super::{Detection, KeyTrouble, Level};

/// A change that a user interface would show.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum AgentEvent {
    /// The device's level changed.
    LevelChanged {
        /// The level before, absent at the first scan.
        from: Option<Level>,
        /// The level now.
        to: Level,
    },
    /// A finding opened.
    FindingDetected {
        /// What it is.
        detection: Detection,
        /// Of what: an app id, a host name, or empty where the device or the network as a whole is meant.
        subject: String,
    },
    /// A finding was resolved.
    FindingResolved {
        /// What it was.
        detection: Detection,
        /// Of what.
        subject: String,
    },
    /// The connector decided otherwise than before.
    AccessChanged {
        /// Whether the device's level is one that the organisation allows.
        compliant: bool,
    },
    /// The device key does not sign. Nothing is lost: what it should have signed waits.
    KeyTrouble {
        /// Why, and what to do about it.
        trouble: KeyTrouble,
    },
    /// The device key signs again.
    KeyUsable,
    /// The organisation's settings changed.
    SettingsChanged {
        /// Their version.
        version: u64,
    },
}

impl From<core::AgentEvent> for AgentEvent {
    fn from(event: core::AgentEvent) -> Self {
        match event {
            core::AgentEvent::LevelChanged { from, to } => Self::LevelChanged { from, to },
            core::AgentEvent::FindingDetected { detection, subject } => {
                Self::FindingDetected { detection, subject }
            }
            core::AgentEvent::FindingResolved { detection, subject } => {
                Self::FindingResolved { detection, subject }
            }
            core::AgentEvent::AccessChanged { compliant } => Self::AccessChanged { compliant },
            core::AgentEvent::KeyTrouble { trouble } => Self::KeyTrouble { trouble: trouble.into() },
            core::AgentEvent::KeyUsable => Self::KeyUsable,
            core::AgentEvent::SettingsChanged { version } => Self::SettingsChanged { version },
        }
    }
}
