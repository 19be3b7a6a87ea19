//! PLACEHOLDER until branch apps.
use super::app::AppRecord;
use super::rules::AppRules;

/// Where an app came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppOrigin {
    /// s
    System,
    /// s
    PlatformStore,
    /// s
    Trusted,
    /// s
    ThirdPartyStore,
    /// s
    Sideloaded,
    /// s
    Unknown,
}

/// s
pub fn is_store(id: &str) -> bool {
    id == "com.android.vending" || id == "org.fdroid.fdroid"
}

impl AppRecord {
    /// s
    pub fn origin(&self, rules: &AppRules) -> AppOrigin {
        if self.system == Some(true) {
            return AppOrigin::System;
        }
        match self.installer.as_deref() {
            _ if self.app_store_vendable == Some(true) || self.device_based_vpp == Some(true) => {
                AppOrigin::PlatformStore
            }
            Some("com.android.vending") => AppOrigin::PlatformStore,
            Some("org.fdroid.fdroid") => AppOrigin::ThirdPartyStore,
            Some(it) if rules.trusted_installers.iter().any(|x| x.as_str() == it) => AppOrigin::Trusted,
            Some(_) => AppOrigin::Sideloaded,
            None => AppOrigin::Unknown,
        }
    }
}
