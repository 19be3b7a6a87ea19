//! What a delivery is told of the moment, and what it tells of downloads.

use agent_core::agent as core;

/// What the host knows of the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct DeliveryHints {
    /// Traffic costs (Android lacks `NET_CAPABILITY_NOT_METERED`, iOS `NWPath.isExpensive` or `isConstrained`).
    pub metered: bool,
    /// The battery is being spared (Android `PowerManager.isPowerSaveMode`, iOS `isLowPowerModeEnabled`).
    pub low_power: bool,
    /// Abroad (Android lacks `NET_CAPABILITY_NOT_ROAMING`).
    pub roaming: bool,
}

/// What came of the download of threat intelligence.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum IntelDownload {
    /// A new bundle is in force.
    Installed {
        /// Its version.
        version: u64,
    },
    /// A part of one has come; the next delivery goes on.
    Part {
        /// Bytes that are there.
        received: u64,
        /// Bytes in all.
        total: u64,
    },
    /// It waits for a better moment.
    Waiting {
        /// Why.
        why: String,
    },
    /// One came that is not what it should be; what was in force stays so.
    Refused {
        /// What is wrong with it.
        why: String,
    },
    /// It broke off; what was in force stays so.
    Failed {
        /// Why, and what to do.
        why: String,
    },
}

/// How far a download is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct DownloadProgress {
    /// Bytes that are there.
    pub received: u64,
    /// Bytes in all.
    pub total: u64,
}

impl From<DeliveryHints> for core::DeliveryHints {
    fn from(DeliveryHints { metered, low_power, roaming }: DeliveryHints) -> Self {
        Self { metered, low_power, roaming }
    }
}

impl From<core::IntelDownload> for IntelDownload {
    fn from(download: core::IntelDownload) -> Self {
        match download {
            core::IntelDownload::Installed { version } => Self::Installed { version },
            core::IntelDownload::Part { received, total } => Self::Part { received, total },
            core::IntelDownload::Waiting { why } => Self::Waiting { why },
            core::IntelDownload::Refused { why } => Self::Refused { why },
            core::IntelDownload::Failed { why } => Self::Failed { why },
        }
    }
}

impl From<core::DownloadProgress> for DownloadProgress {
    fn from(core::DownloadProgress { received, total }: core::DownloadProgress) -> Self {
        Self { received, total }
    }
}
