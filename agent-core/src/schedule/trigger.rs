//! Why a scan runs.

use crate::model::words::words;

words! {
    /// Why a scan runs, the weightiest first: where several things happened, that is what is told.
    pub enum ScanTrigger {
        /// Somebody asked.
        Requested = "requested",
        /// An app was installed, updated or removed.
        AppsChanged = "apps_changed",
        /// A setting of the device that a check looks at was changed: screen lock, developer options, accessibility,
        /// device administration, a certificate, a profile.
        SettingsChanged = "settings_changed",
        /// The operating system was updated or restored.
        SystemUpdated = "system_updated",
        /// A captive portal lets this device through (Android `NetworkCallback.onCapabilitiesChanged` with
        /// `NET_CAPABILITY_VALIDATED`).
        PortalCleared = "portal_cleared",
        /// The device joined or left a network.
        NetworkChanged = "network_changed",
        /// The app that embeds this agent came to the foreground.
        Foreground = "foreground",
        /// The platform's periodic window (Android JobScheduler, iOS `BGAppRefreshTask`).
        Periodic = "periodic",
    }
}
