//! Apple MDM: the response to `ManagedApplicationList`, and its join with the installed apps.
//!
//! A dictionary whose `ManagedApplicationList` maps bundle identifiers to dictionaries. An app is managed when
//! its `Status` is `Managed`: the other statuses are of installations under way, refused or undone
//! (`mdm/commands/application.managed.list.yaml` of Apple's device-management repository).

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{Draft, Place, app_id, quote};
use super::error::{ReadError, check_size};
use super::plist_events::{Element, PlistEvents};
use super::value::{Fields, Value};
use super::{Format, most_bytes};
use crate::inventory::limits::{MAX_APPS, MAX_NOTES};
use crate::model::{AppId, Inventory, Note};

const LIST: &str = "ManagedApplicationList";

/// The apps that an MDM server manages on one device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagedApps {
    apps: BTreeMap<AppId, ManagedApp>,
    notes: Vec<Note>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct ManagedApp {
    managed: bool,
    validated: Option<bool>,
}

/// Reads a `ManagedApplicationList` response, XML or binary.
pub fn read_managed(input: &[u8]) -> Result<ManagedApps, ReadError> {
    check_size(input, most_bytes(Format::AppleMdm, input))?;
    let mut events = PlistEvents::open_dictionary(input)?;
    let mut draft = Draft::default();
    let mut apps = None;
    while let Some(key) = events.key()? {
        match key.as_str() {
            LIST if apps.is_some() => {
                return Err(ReadError::malformed(Format::AppleMdm, format!("{LIST} appears twice")));
            }
            LIST => apps = Some(read_list(&mut events, &mut draft)?),
            _ => drop(events.value()?),
        }
    }
    let apps = apps.ok_or_else(|| ReadError::no_app_list(Format::AppleMdm, format!("there is no {LIST}")))?;
    Ok(ManagedApps { apps, notes: draft.finish().notes })
}

impl ManagedApps {
    /// Tells each app of `inventory` whether it is managed.
    ///
    /// An app that the list does not name is not managed, unless its own record says that it is (declarative
    /// management, which this list leaves out). An app without an identifier cannot be looked up and stays
    /// untold. A managed app that is not installed is noted; entries in other states are expected to be absent
    /// and are passed over. `IsValidated` fills in where the installed list did not tell it.
    pub fn join(&self, inventory: &mut Inventory) {
        let mut installed = BTreeSet::new();
        for app in &mut inventory.apps {
            let Some(id) = &app.id else { continue };
            let entry = self.apps.get(id);
            app.managed = Some(app.managed == Some(true) || entry.is_some_and(|entry| entry.managed));
            app.validated = app.validated.or(entry.and_then(|entry| entry.validated));
            installed.insert(id.clone());
        }

        let missing = self.apps.iter().filter(|(id, entry)| entry.managed && !installed.contains(*id));
        let missing = missing.map(|(id, _)| Note {
            place: format!("{LIST}[{}]", quote(id.as_str())),
            message: "is managed but not among the installed apps; the two lists may be of different moments"
                .to_owned(),
        });
        let room = MAX_NOTES.saturating_sub(inventory.notes.len());
        inventory.notes.extend(self.notes.iter().cloned().chain(missing).take(room));
    }
}

type Entries = BTreeMap<AppId, ManagedApp>;

fn read_list(events: &mut PlistEvents<'_>, draft: &mut Draft) -> Result<Entries, ReadError> {
    if !matches!(events.element()?, Element::Dictionary) {
        return Err(ReadError::malformed(Format::AppleMdm, format!("{LIST} is not a dictionary")));
    }
    let mut apps = Entries::new();
    for index in 0.. {
        let Some(key) = events.key()? else { break };
        let place = Place::Item(LIST, index);
        let app = match events.element()? {
            Element::Dictionary => read_app(events, Fields { draft: &mut *draft, place })?,
            Element::End => return Err(ReadError::malformed(Format::AppleMdm, "a key has no value")),
            Element::Other(kind) => {
                draft.note(place, format_args!("is {kind}, not a dictionary; left out"));
                continue;
            }
        };
        let Some(id) = app_id(Fields { draft: &mut *draft, place }.text("key", Value::Text(key))) else {
            draft.note(place, "has no identifier; left out");
            continue;
        };
        if apps.len() >= MAX_APPS {
            return Err(ReadError::TooManyApps);
        }
        apps.insert(id, app);
    }
    Ok(apps)
}

fn read_app(events: &mut PlistEvents<'_>, mut fields: Fields<'_>) -> Result<ManagedApp, ReadError> {
    let mut app = ManagedApp::default();
    while let Some(key) = events.key()? {
        let value = events.value()?;
        match key.as_str() {
            "Status" => app.managed = fields.text(&key, value).as_deref() == Some("Managed"),
            "IsValidated" => app.validated = fields.boolean(&key, value),
            _ => {}
        }
    }
    Ok(app)
}
