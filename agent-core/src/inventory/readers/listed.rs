//! Apps as a host lists them by its platform's own calls: held to the same limits as a file, because what a host passes
//! on was written by the apps.

use super::draft::{Draft, Place, app_id, quote};
use super::error::ReadError;
use super::value::{Fields, Value};
use crate::inventory::limits::MAX_PERMISSIONS;
use crate::model::{AppRecord, AppSource, Inventory, Note, SignerDigest};

/// What the list is called in notes.
const LIST: &str = "installed_apps";

/// One app, before anything of it is believed. The fields are those of [`AppRecord`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in AppRecord; what differs is said")]
pub struct ListedApp {
    pub id: Option<String>,
    pub version: Option<String>,
    pub short_version: Option<String>,
    pub name: Option<String>,
    /// In bytes. A negative one is left out, and noted.
    pub bundle_size: Option<i64>,
    /// As `bundle_size`.
    pub dynamic_size: Option<i64>,
    pub validated: Option<bool>,
    pub managed: Option<bool>,
    pub installer: Option<String>,
    /// In the text form of [`SignerDigest`]: `sha256:` and 64 hexadecimal digits.
    pub signers: Vec<String>,
    pub ad_hoc_code_signed: Option<bool>,
    pub app_store_vendable: Option<bool>,
    pub beta_app: Option<bool>,
    pub device_based_vpp: Option<bool>,
    pub debuggable: Option<bool>,
    pub system: Option<bool>,
    pub target_sdk: Option<u32>,
    pub permissions: Vec<String>,
    /// 64 hexadecimal digits.
    pub package_sha256: Option<String>,
    pub source: AppSource,
}

/// Takes the apps that a host lists. `notes` are its own.
///
/// Fails when there are more than any device has.
pub fn listed(apps: Vec<ListedApp>, notes: Vec<Note>) -> Result<Inventory, ReadError> {
    let mut draft = Draft::default();
    for note in notes {
        draft.note(note.place, quote(&note.message));
    }
    for (index, app) in apps.into_iter().enumerate() {
        take(app, Place::Item(LIST, index), &mut draft)?;
    }
    Ok(draft.finish())
}

fn take(listed: ListedApp, place: Place<'_>, draft: &mut Draft) -> Result<(), ReadError> {
    let mut fields = Fields { draft: &mut *draft, place };
    let mut text = |key, value: Option<String>| fields.text(key, value.as_deref().into());
    let app = AppRecord {
        id: app_id(text("id", listed.id)),
        version: text("version", listed.version),
        short_version: text("short_version", listed.short_version),
        name: text("name", listed.name),
        bundle_size: fields.size("bundle_size", size(listed.bundle_size)),
        dynamic_size: fields.size("dynamic_size", size(listed.dynamic_size)),
        validated: listed.validated,
        managed: listed.managed,
        installer: fields.text_or_empty("installer", listed.installer.as_deref().into()),
        signers: signers(&mut fields, listed.signers),
        ad_hoc_code_signed: listed.ad_hoc_code_signed,
        app_store_vendable: listed.app_store_vendable,
        beta_app: listed.beta_app,
        device_based_vpp: listed.device_based_vpp,
        debuggable: listed.debuggable,
        system: listed.system,
        target_sdk: listed.target_sdk,
        permissions: permissions(&mut fields, listed.permissions),
        package_sha256: fields.sha256("package_sha256", listed.package_sha256.as_deref().into()),
        source: listed.source,
    };
    draft.push(place, "id", app)
}

fn size(bytes: Option<i64>) -> Value {
    bytes.map_or(Value::Absent, |bytes| Value::Integer(bytes.into()))
}

fn signers(fields: &mut Fields<'_>, digests: Vec<String>) -> Vec<SignerDigest> {
    let mut signers = Vec::new();
    for text in digests {
        match text.parse() {
            Ok(digest) => signers.push(digest),
            Err(error) => fields.note("signers", format_args!("{}: {error}; left out", quote(&text))),
        }
    }
    signers
}

fn permissions(fields: &mut Fields<'_>, names: Vec<String>) -> Vec<String> {
    let told = names.len();
    let names = names.into_iter().take(MAX_PERMISSIONS).map(Value::Text).collect();
    if told > MAX_PERMISSIONS {
        fields.note("permissions", format_args!("are {told}; the first {MAX_PERMISSIONS} are kept"));
    }
    let mut names = fields.texts("permissions", Value::List(names));
    names.sort_unstable();
    names.dedup();
    names
}
