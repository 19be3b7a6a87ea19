//! Threat intelligence, as the matcher takes it.

use serde::{Deserialize, Serialize};

use super::level::Severity;
use super::words::words;

words! {
    /// What an indicator is compared with.
    pub enum IndicatorKind {
        /// An app identifier, exact.
        AppId = "app_id",
        /// A signing certificate, as [`super::SignerDigest`] writes it.
        Signer = "signer",
    }
}

words! {
    /// What a match means; decides which detection it becomes.
    pub enum ThreatCategory {
        /// Malware of no narrower kind.
        Malware = "malware",
        /// Targeted surveillance.
        Spyware = "spyware",
        /// Surveillance by somebody close.
        Stalkerware = "stalkerware",
        /// Steals banking credentials.
        Banker = "banker",
        /// Holds data to ransom.
        Ransomware = "ransomware",
        /// Gains root.
        RootingTool = "rooting_tool",
        /// Legitimate in some hands.
        DualUse = "dual_use",
        /// Shows advertisements beyond its purpose.
        Adware = "adware",
        /// Asks for credentials in another's name.
        Phishing = "phishing",
        /// Where malware takes its orders and leaves what it found.
        CommandAndControl = "command_and_control",
        /// Cheats people out of money.
        Scam = "scam",
        /// Computes for others at the visitor's expense.
        Cryptojacking = "cryptojacking",
        /// A host name that nobody knew until lately.
        NewlyListed = "newly_listed",
    }
}

impl ThreatCategory {
    /// What a person calls it, fit for "listed as".
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Malware => "malware",
            Self::Spyware => "spyware",
            Self::Stalkerware => "stalkerware",
            Self::Banker => "a banking trojan",
            Self::Ransomware => "ransomware",
            Self::RootingTool => "a rooting tool",
            Self::DualUse => "dual-use software",
            Self::Adware => "adware",
            Self::Phishing => "phishing",
            Self::CommandAndControl => "command and control of malware",
            Self::Scam => "a scam",
            Self::Cryptojacking => "a hidden miner",
            Self::NewlyListed => "newly listed",
        }
    }

    /// How bad a match is unless the policy says otherwise.
    pub const fn severity(self) -> Severity {
        match self {
            Self::NewlyListed => Severity::Low,
            Self::DualUse | Self::Adware | Self::Scam | Self::Cryptojacking => Severity::Medium,
            Self::Malware
            | Self::Spyware
            | Self::Stalkerware
            | Self::Banker
            | Self::Ransomware
            | Self::RootingTool
            | Self::Phishing
            | Self::CommandAndControl => Severity::High,
        }
    }
}

/// One indicator.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Indicator {
    /// What `value` is compared with.
    pub kind: IndicatorKind,
    /// The value.
    pub value: String,
    /// What a match means.
    pub category: ThreatCategory,
    /// The family or tool, as the source names it.
    pub family: String,
    /// Who says so.
    pub source: String,
}
