//! The installed apps: as a host lists them, or read from what an MDM exports.

use agent_core::inventory::{self as core, ListedApp};
use agent_core::model;

use crate::host::HostError;
use crate::types::{AppSource, Format};

/// One installed app. A field that the platform does not give is absent; absent is never zero, empty or false.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AppRecord {
    /// Apple `Identifier`, Android `packageName`.
    pub id: Option<String>,
    /// Apple `Version`, Android `longVersionCode`.
    #[uniffi(default = None)]
    pub version: Option<String>,
    /// Apple `ShortVersion`, Android `versionName`.
    #[uniffi(default = None)]
    pub short_version: Option<String>,
    /// Apple `Name`, Android label.
    #[uniffi(default = None)]
    pub name: Option<String>,
    /// Apple `BundleSize`, Android `StorageStats.getAppBytes`, in bytes.
    #[uniffi(default = None)]
    pub bundle_size: Option<i64>,
    /// Apple `DynamicSize`, Android data plus cache bytes, in bytes.
    #[uniffi(default = None)]
    pub dynamic_size: Option<i64>,
    /// Apple `IsValidated`: the app can run. Not a verdict about malware.
    #[uniffi(default = None)]
    pub validated: Option<bool>,
    /// The organisation's MDM manages the app.
    #[uniffi(default = None)]
    pub managed: Option<bool>,
    /// Android's installing package: absent where it is not told, empty where the platform says that there is none.
    #[uniffi(default = None)]
    pub installer: Option<String>,
    /// Digests of the signing certificates: `sha256:` and 64 hexadecimal digits, or `sha1:` and 40.
    #[uniffi(default = [])]
    pub signers: Vec<String>,
    /// Apple `AdHocCodeSigned`.
    #[uniffi(default = None)]
    pub ad_hoc_code_signed: Option<bool>,
    /// Apple `AppStoreVendable`. False for device-licensed (VPP) apps too.
    #[uniffi(default = None)]
    pub app_store_vendable: Option<bool>,
    /// Apple `BetaApp`: installed through TestFlight.
    #[uniffi(default = None)]
    pub beta_app: Option<bool>,
    /// Apple `DeviceBasedVPP`: licensed to the device.
    #[uniffi(default = None)]
    pub device_based_vpp: Option<bool>,
    /// Android `ApplicationInfo.FLAG_DEBUGGABLE`.
    #[uniffi(default = None)]
    pub debuggable: Option<bool>,
    /// Android `ApplicationInfo.FLAG_SYSTEM`.
    #[uniffi(default = None)]
    pub system: Option<bool>,
    /// Android `ApplicationInfo.targetSdkVersion`.
    #[uniffi(default = None)]
    pub target_sdk: Option<u32>,
    /// Android permissions that the app holds: granted ones, and special access by the name of its permission. Judged on
    /// the device, never shared.
    #[uniffi(default = [])]
    pub permissions: Vec<String>,
    /// SHA-256 of the package file, 64 hexadecimal digits: worth reading the file for where an app came from no store. Judged
    /// on the device, never shared.
    #[uniffi(default = None)]
    pub package_sha256: Option<String>,
    /// Where this record comes from.
    pub source: AppSource,
}

/// What had to be left out or taken differently, said once and kept with the inventory.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct InventoryNote {
    /// Where: `InstalledApplicationList[2]`.
    pub place: String,
    /// What was wrong and what was done about it.
    pub message: String,
}

/// The apps of a device at one moment. At most 100,000 are taken.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Inventory {
    /// The apps, in any order.
    pub apps: Vec<AppRecord>,
    /// What could not be told as it stood.
    #[uniffi(default = [])]
    pub notes: Vec<InventoryNote>,
    /// The permission for want of which the platform shows some apps only, in words for a person; absent where it shows
    /// all. What is shown is judged, and nothing is taken for clean or gone.
    #[uniffi(default = None)]
    pub incomplete: Option<String>,
}

/// Reads the apps that an MDM exports: Apple `InstalledApplicationList` (XML or binary plist), Android Management API,
/// Microsoft Graph. `format` absent: found out. `managed` is Apple's `ManagedApplicationList` response, which tells which
/// of them the MDM manages.
#[uniffi::export]
pub fn read_app_inventory(
    input: &[u8],
    format: Option<Format>,
    managed: Option<Vec<u8>>,
) -> Result<Inventory, HostError> {
    let failed = |error: &dyn std::fmt::Display| HostError::Failed { why: error.to_string() };
    let unknown = || HostError::Failed {
        why: "inventory: not in a form that is known; say which one it should be".to_owned(),
    };
    let format = format.or_else(|| core::detect(input)).ok_or_else(unknown)?;
    let mut inventory = core::read(format, input).map_err(|error| failed(&error))?;
    if let Some(managed) = managed {
        let list = core::read_managed(&managed).map_err(|error| failed(&error))?;
        list.join(&mut inventory);
    }
    Ok(inventory.into())
}

/// A host's list, held to the agent's limits.
pub(crate) fn accept(inventory: Inventory) -> Result<model::Inventory, String> {
    let notes = inventory.notes.into_iter();
    let notes = notes.map(|note| model::Note { place: note.place, message: note.message }).collect();
    let apps = inventory.apps.into_iter().map(ListedApp::from).collect();
    let listed = core::listed(apps, notes).map_err(|error| error.to_string())?;
    Ok(model::Inventory { incomplete: inventory.incomplete, ..listed })
}

impl From<model::Inventory> for Inventory {
    fn from(inventory: model::Inventory) -> Self {
        let note = |note: model::Note| InventoryNote { place: note.place, message: note.message };
        Self {
            apps: inventory.apps.into_iter().map(Into::into).collect(),
            notes: inventory.notes.into_iter().map(note).collect(),
            incomplete: inventory.incomplete,
        }
    }
}

/// Writes out what both conversions share: the fields that pass as they are.
macro_rules! convert {
    ($from:ty => $to:ty, |$app:ident| { $($field:ident: $value:expr),* $(,)? }) => {
        impl From<$from> for $to {
            fn from($app: $from) -> Self {
                Self {
                    version: $app.version,
                    short_version: $app.short_version,
                    name: $app.name,
                    validated: $app.validated,
                    managed: $app.managed,
                    installer: $app.installer,
                    ad_hoc_code_signed: $app.ad_hoc_code_signed,
                    app_store_vendable: $app.app_store_vendable,
                    beta_app: $app.beta_app,
                    device_based_vpp: $app.device_based_vpp,
                    debuggable: $app.debuggable,
                    system: $app.system,
                    target_sdk: $app.target_sdk,
                    permissions: $app.permissions,
                    source: $app.source,
                    $($field: $value,)*
                }
            }
        }
    };
}

convert!(AppRecord => ListedApp, |app| {
    id: app.id,
    bundle_size: app.bundle_size,
    dynamic_size: app.dynamic_size,
    signers: app.signers,
    package_sha256: app.package_sha256,
});

convert!(model::AppRecord => AppRecord, |app| {
    id: app.id.map(|id| id.to_string()),
    bundle_size: size(app.bundle_size),
    dynamic_size: size(app.dynamic_size),
    signers: app.signers.iter().map(ToString::to_string).collect(),
    package_sha256: app.package_sha256.map(|digest| digest.to_string()),
});

/// Sizes that were read are below 2^53.
fn size(bytes: Option<u64>) -> Option<i64> {
    bytes.and_then(|bytes| i64::try_from(bytes).ok())
}
