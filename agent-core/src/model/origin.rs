//! Where an app came from, as far as its record tells.
//!
//! Android names the installing package, Apple says who signed and licensed the app, Debian installs from its own
//! repositories alone. What the organisation manages, signs or installs itself is its own, however it came.

use super::app::{AppRecord, AppSource, SignerDigest};
use super::rules::AppRules;

/// Where an app came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AppOrigin {
    /// Part of the system.
    System,
    /// The platform's own store: Google Play; the App Store, with its device licences and TestFlight.
    PlatformStore,
    /// The organisation manages it, signed it, or installed it by a way that it declared; on Debian, apt.
    Trusted,
    /// A store that is not the platform's.
    ThirdPartyStore,
    /// No store: a file, a cable, an installer that nobody knows, a signature that no store made.
    Sideloaded,
    /// The source does not tell.
    Unknown,
}

impl AppRecord {
    /// Where this app came from. `rules` say what counts as the organisation's.
    pub fn origin(&self, rules: &AppRules) -> AppOrigin {
        if self.system == Some(true) {
            return AppOrigin::System;
        }
        if self.managed == Some(true) || self.is_signed_by_any(&rules.trusted_signers) {
            return AppOrigin::Trusted;
        }
        match self.source {
            AppSource::AppleMdm => self.apple_origin(),
            AppSource::Dpkg => AppOrigin::Trusted,
            AppSource::AndroidPackageManager
            | AppSource::AndroidDumpsys
            | AppSource::AndroidPmList
            | AppSource::AndroidManagement
            | AppSource::MicrosoftGraph => self.installed_by(rules),
        }
    }

    /// Whether one of `signers` signed this app. Java's 32-bit hash codes identify nobody and never match.
    fn is_signed_by_any(&self, signers: &[SignerDigest]) -> bool {
        let identifies = |signer: &&SignerDigest| !matches!(signer, SignerDigest::HashCode(_));
        self.signers.iter().filter(identifies).any(|signer| signers.contains(signer))
    }

    /// An ad hoc signature no store makes, and what a store signed is valid. `AppStoreVendable` is false for apps
    /// that are licensed to the device, for custom apps and for the organisation's own: alone it tells nothing.
    fn apple_origin(&self) -> AppOrigin {
        if self.ad_hoc_code_signed == Some(true) {
            return AppOrigin::Sideloaded;
        }
        let of_the_store = [self.app_store_vendable, self.device_based_vpp, self.beta_app];
        if of_the_store.contains(&Some(true)) {
            return AppOrigin::PlatformStore;
        }
        if self.validated == Some(false) {
            return AppOrigin::Sideloaded;
        }
        AppOrigin::Unknown
    }

    fn installed_by(&self, rules: &AppRules) -> AppOrigin {
        let Some(installer) = self.installer.as_deref() else {
            return AppOrigin::Unknown;
        };
        if rules.trusted_installers.iter().any(|trusted| trusted.as_str() == installer) {
            return AppOrigin::Trusted;
        }
        KnownInstaller::of(installer).map_or(AppOrigin::Sideloaded, |known| known.origin)
    }
}

impl AppSource {
    /// Why this source cannot tell where an app came from; `None` where it can.
    pub const fn hides_origin(self) -> Option<&'static str> {
        match self {
            Self::MicrosoftGraph => Some("the detected apps of Microsoft Graph do not name the installer"),
            Self::AppleMdm
            | Self::AndroidPackageManager
            | Self::AndroidDumpsys
            | Self::AndroidPmList
            | Self::AndroidManagement
            | Self::Dpkg => None,
        }
    }
}

/// An installing package of Android that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownInstaller {
    /// The package, exact.
    pub package: &'static str,
    /// What an app is that it installed.
    pub origin: AppOrigin,
    /// What it is, fit for "installed by".
    pub name: &'static str,
}

impl KnownInstaller {
    /// The one with this package name; `None` where nobody knows it.
    pub fn of(package: &str) -> Option<&'static Self> {
        KNOWN_INSTALLERS.iter().find(|known| known.package == package)
    }
}

/// Google Play is Android's own store. Stores of device makers and others review by their own rules, which the
/// organisation can trust by name. Package installers install a file that somebody opened, `com.android.shell` is
/// adb: nobody reviewed what came this way.
const KNOWN_INSTALLERS: &[KnownInstaller] = &[
    platform_store("com.android.vending", "Google Play"),
    // Market clients before 2012 gave the name of their feedback agent; such apps keep it through backups.
    platform_store("com.google.android.feedback", "Google Play"),
    store("com.amazon.venezia", "the Amazon Appstore"),
    store("com.sec.android.app.samsungapps", "the Galaxy Store"),
    store("com.huawei.appmarket", "Huawei AppGallery"),
    store("com.hihonor.appmarket", "the Honor App Market"),
    store("com.xiaomi.mipicks", "Xiaomi GetApps"),
    store("com.xiaomi.market", "the Xiaomi app store"),
    store("com.heytap.market", "the OPPO App Market"),
    store("com.oppo.market", "the OPPO App Market"),
    store("com.bbk.appstore", "the vivo App Store"),
    store("com.vivo.appstore", "the vivo V-Appstore"),
    store("com.meizu.mstore", "the Meizu App Store"),
    store("com.lenovo.leos.appstore", "the Lenovo App Store"),
    store("zte.com.market", "the ZTE App Store"),
    store("com.transsnet.store", "the Palm Store"),
    store("com.skt.skaf.A000Z00040", "ONE store"),
    store("com.kt.olleh.storefront", "ONE store (KT)"),
    store("com.lguplus.appstore", "ONE store (LG U+)"),
    store("ru.vk.store", "RuStore"),
    store("com.farsitel.bazaar", "Cafe Bazaar"),
    store("com.tencent.android.qqdownloader", "Tencent MyApp"),
    store("com.baidu.appsearch", "Baidu Mobile Assistant"),
    store("com.qihoo.appstore", "360 Mobile Assistant"),
    store("com.wandoujia.phoenix2", "Wandoujia"),
    store("com.taptap", "TapTap"),
    store("com.epicgames.portal", "the Epic Games Store"),
    store("com.uptodown", "Uptodown"),
    store("com.apkpure.aegon", "APKPure"),
    store("cm.aptoide.pt", "Aptoide"),
    store("org.fdroid.fdroid", "F-Droid"),
    store("org.fdroid.basic", "F-Droid Basic"),
    store("org.fdroid.fdroid.privileged", "F-Droid"),
    store("com.looker.droidify", "Droid-ify"),
    store("com.machiav3lli.fdroid", "Neo Store"),
    store("com.aurora.store", "Aurora Store"),
    store("app.accrescent.client", "Accrescent"),
    store("app.grapheneos.apps", "the GrapheneOS App Store"),
    // Device makers and operators preload through these; they update what they brought.
    store("com.facebook.system", "Facebook's preloaded installer"),
    store("com.sec.android.preloadinstaller", "Samsung's preload installer"),
    store("com.sec.android.app.omcagent", "Samsung's operator preload agent"),
    store("com.samsung.android.app.omcagent", "Samsung's operator preload agent"),
    by_hand("com.android.packageinstaller", "the system's package installer, from a file"),
    by_hand("com.google.android.packageinstaller", "the system's package installer, from a file"),
    by_hand("com.samsung.android.packageinstaller", "Samsung's package installer, from a file"),
    by_hand("com.miui.packageinstaller", "Xiaomi's package installer, from a file"),
    by_hand("com.android.shell", "adb, over a cable or the network"),
    by_hand("com.android.chrome", "Chrome, from a download"),
    by_hand("com.google.android.documentsui", "the file manager, from a file"),
    by_hand("com.android.documentsui", "the file manager, from a file"),
    by_hand("com.google.android.apps.nbu.files", "Files by Google, from a file"),
    by_hand("com.sec.android.app.myfiles", "Samsung My Files, from a file"),
];

const fn platform_store(package: &'static str, name: &'static str) -> KnownInstaller {
    KnownInstaller { package, origin: AppOrigin::PlatformStore, name }
}

const fn store(package: &'static str, name: &'static str) -> KnownInstaller {
    KnownInstaller { package, origin: AppOrigin::ThirdPartyStore, name }
}

const fn by_hand(package: &'static str, name: &'static str) -> KnownInstaller {
    KnownInstaller { package, origin: AppOrigin::Sideloaded, name }
}

#[cfg(test)]
mod tests;
