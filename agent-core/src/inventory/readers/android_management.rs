//! Android Management API: the `applicationReports` of a `Device`, the list alone, or one `ApplicationReport`.
//!
//! `signingKeyCertFingerprints` are hexadecimal SHA-1 digests in Google's reference; SHA-256 is taken too.
//! `packageSha256Hash`, hexadecimal digits, is of the package file, not of a signer. Reports with
//! `state` `REMOVED` are of apps that are no longer installed.

use serde::Deserialize;

use super::Format;
use super::draft::{Draft, Place, app_id, quote};
use super::error::ReadError;
use super::json::{Shape, read_list, read_one};
use super::value::{Fields, Value};
use crate::model::{AppRecord, AppSource, Inventory, SignerDigest};

/// `ApplicationReport`, as far as an app record has fields for it.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Report {
    package_name: Value,
    version_name: Value,
    version_code: Value,
    display_name: Value,
    application_source: Value,
    installer_package_name: Value,
    signing_key_cert_fingerprints: Value,
    package_sha256_hash: Value,
    state: Value,
}

const SHAPE: Shape<Report> = Shape {
    format: Format::AndroidManagement,
    list_keys: &["applicationReports"],
    next_page_key: "nextPageToken",
    take,
};

pub fn read(input: &[u8]) -> Result<Inventory, ReadError> {
    if let Some(draft) = read_list(input, &SHAPE)? {
        return Ok(draft.finish());
    }
    let report: Report = read_one(SHAPE.format, input)?;
    if matches!(report.package_name, Value::Absent) {
        let why = "there is neither applicationReports nor packageName; turn on \
                   statusReportingSettings.applicationReportsEnabled in the device's policy";
        return Err(ReadError::no_app_list(SHAPE.format, why));
    }
    let mut draft = Draft::default();
    take(report, Place::Whole("ApplicationReport"), &mut draft)?;
    Ok(draft.finish())
}

fn take(report: Report, place: Place<'_>, draft: &mut Draft) -> Result<(), ReadError> {
    let mut fields = Fields { draft: &mut *draft, place };
    if fields.text("state", report.state).as_deref() == Some("REMOVED") {
        return Ok(());
    }
    let mut app = AppRecord::from_source(AppSource::AndroidManagement);
    app.id = app_id(fields.text("packageName", report.package_name));
    app.version = fields.version("versionCode", report.version_code);
    app.short_version = fields.text("versionName", report.version_name);
    app.name = fields.text("displayName", report.display_name);
    app.installer = fields.text_or_empty("installerPackageName", report.installer_package_name);
    app.system = match fields.text("applicationSource", report.application_source).as_deref() {
        Some("SYSTEM_APP_FACTORY_VERSION" | "SYSTEM_APP_UPDATED_VERSION") => Some(true),
        Some("INSTALLED_FROM_PLAY_STORE" | "CUSTOM") => Some(false),
        _ => None,
    };
    app.signers = signers(&mut fields, report.signing_key_cert_fingerprints);
    app.package_sha256 = fields.sha256("packageSha256Hash", report.package_sha256_hash);
    draft.push(place, "packageName", app)
}

fn signers(fields: &mut Fields<'_>, fingerprints: Value) -> Vec<SignerDigest> {
    const KEY: &str = "signingKeyCertFingerprints";
    let mut signers = Vec::new();
    for text in fields.texts(KEY, fingerprints) {
        let digest = format!("sha1:{text}").parse().or_else(|_| format!("sha256:{text}").parse());
        match digest {
            Ok(digest) => signers.push(digest),
            Err(_) => fields.note(KEY, format_args!("{} is no SHA-1 or SHA-256; left out", quote(&text))),
        }
    }
    signers
}
