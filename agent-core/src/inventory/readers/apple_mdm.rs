//! Apple MDM: the response to `InstalledApplicationList`.
//!
//! A dictionary whose `InstalledApplicationList` is a list of dictionaries, one for each app. Keys and types:
//! `mdm/commands/application.installed.list.yaml` of Apple's device-management repository. Keys that no field
//! of an app record stands for are passed over.

use super::Format;
use super::draft::{Draft, Place, app_id};
use super::error::ReadError;
use super::plist_events::{Element, PlistEvents};
use super::value::Fields;
use crate::model::{AppRecord, AppSource, Inventory};

const LIST: &str = "InstalledApplicationList";

const PLACE: Place<'_> = Place::Whole("InstalledApplicationListResponse");

/// `Source` of an app that is managed without being in `ManagedApplicationList`.
const DECLARATIVE: &str = "Declarative Device Management";

pub fn read(input: &[u8]) -> Result<Inventory, ReadError> {
    let mut events = PlistEvents::open_dictionary(input)?;
    let mut draft = Draft::default();
    let mut lists = 0;
    let mut status = None;
    let mut managed = false;
    while let Some(key) = events.key()? {
        match key.as_str() {
            LIST => {
                lists += 1;
                read_list(&mut events, &mut draft)?;
            }
            "Status" => status = Fields { draft: &mut draft, place: PLACE }.text(&key, events.value()?),
            _ => {
                managed |= key == "ManagedApplicationList";
                events.value()?;
            }
        }
    }
    match (lists, status.as_deref()) {
        (1, _) => Ok(draft.finish()),
        (0, _) if managed => Err(no_list("this is a ManagedApplicationList; give it as the managed list")),
        (0, Some(status @ ("Error" | "NotNow" | "CommandFormatError" | "Idle"))) => {
            Err(no_list(format!("the device answered {status} instead; send the command again")))
        }
        (0, _) => Err(no_list(format!("there is no {LIST}"))),
        _ => Err(ReadError::malformed(Format::AppleMdm, format!("{LIST} appears {lists} times"))),
    }
}

fn no_list(why: impl Into<String>) -> ReadError {
    ReadError::no_app_list(Format::AppleMdm, why)
}

fn read_list(events: &mut PlistEvents<'_>, draft: &mut Draft) -> Result<(), ReadError> {
    events.open_list(LIST)?;
    for index in 0.. {
        let place = Place::Item(LIST, index);
        match events.element()? {
            Element::End => break,
            Element::Dictionary => {
                let app = read_app(events, Fields { draft: &mut *draft, place })?;
                draft.push(place, "Identifier", app)?;
            }
            Element::Other(kind) => draft.note(place, format_args!("is {kind}, not a dictionary; left out")),
        }
    }
    Ok(())
}

fn read_app(events: &mut PlistEvents<'_>, mut fields: Fields<'_>) -> Result<AppRecord, ReadError> {
    let mut app = AppRecord::from_source(AppSource::AppleMdm);
    while let Some(key) = events.key()? {
        let value = events.value()?;
        match key.as_str() {
            "Identifier" => app.id = app_id(fields.text(&key, value)),
            "Version" => app.version = fields.text(&key, value),
            "ShortVersion" => app.short_version = fields.text(&key, value),
            "Name" => app.name = fields.text(&key, value),
            "BundleSize" => app.bundle_size = fields.size(&key, value),
            "DynamicSize" => app.dynamic_size = fields.size(&key, value),
            "IsValidated" => app.validated = fields.boolean(&key, value),
            "AdHocCodeSigned" => app.ad_hoc_code_signed = fields.boolean(&key, value),
            "AppStoreVendable" => app.app_store_vendable = fields.boolean(&key, value),
            "BetaApp" => app.beta_app = fields.boolean(&key, value),
            "DeviceBasedVPP" => app.device_based_vpp = fields.boolean(&key, value),
            "Source" => {
                let declarative = fields.text(&key, value).as_deref() == Some(DECLARATIVE);
                app.managed = declarative.then_some(true);
            }
            _ => {}
        }
    }
    Ok(app)
}
