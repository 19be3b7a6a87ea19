//! Microsoft Graph: a `detectedApp` collection, a `managedDevice` with `detectedApps`, or one `detectedApp`.
//!
//! `id` is Intune's own key for one name, version and platform across the tenant. It is no bundle identifier
//! or package name, and changes with the version, so the records have no identifier: they are told apart by
//! name. `sizeInByte` 0 is what Intune writes for a size that it does not know.

use serde::Deserialize;

use super::Format;
use super::draft::{Draft, Place};
use super::error::ReadError;
use super::json::{Shape, read_list, read_one};
use super::value::{Fields, Value};
use crate::model::{AppRecord, AppSource, Inventory};

/// `detectedApp`, as far as an app record has fields for it.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DetectedApp {
    display_name: Value,
    version: Value,
    size_in_byte: Value,
}

const SHAPE: Shape<DetectedApp> = Shape {
    format: Format::MicrosoftGraph,
    list_keys: &["value", "detectedApps"],
    next_page_key: "@odata.nextLink",
    take,
};

pub fn read(input: &[u8]) -> Result<Inventory, ReadError> {
    if let Some(draft) = read_list(input, &SHAPE)? {
        return Ok(finish(draft));
    }
    let app: DetectedApp = read_one(SHAPE.format, input)?;
    if matches!(app.display_name, Value::Absent) {
        let why = "there is neither value, detectedApps nor displayName; ask Graph for \
                   /deviceManagement/managedDevices/{id}/detectedApps";
        return Err(ReadError::no_app_list(SHAPE.format, why));
    }
    let mut draft = Draft::default();
    take(app, Place::Whole("detectedApp"), &mut draft)?;
    Ok(finish(draft))
}

fn take(detected: DetectedApp, place: Place<'_>, draft: &mut Draft) -> Result<(), ReadError> {
    let mut fields = Fields { draft: &mut *draft, place };
    let mut app = AppRecord::from_source(AppSource::MicrosoftGraph);
    app.name = fields.text("displayName", detected.display_name);
    app.version = fields.text("version", detected.version);
    app.bundle_size = fields.size("sizeInByte", detected.size_in_byte).filter(|size| *size > 0);
    if app.name.is_none() {
        draft.note(place, "has no displayName; kept as an unnamed app");
    }
    draft.push_nameless(place, app)
}

fn finish(mut draft: Draft) -> Inventory {
    if !draft.is_empty() {
        draft.note("detectedApp", "Graph tells no app identifiers; indicators by identifier cannot match");
    }
    draft.finish()
}
