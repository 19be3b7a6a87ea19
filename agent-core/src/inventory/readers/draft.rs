//! An inventory in the making: the apps so far, and what had to be noted.

use std::fmt;

use crate::inventory::identity;
use crate::inventory::limits::{MAX_APPS, MAX_NOTES, MAX_QUOTED_CHARS, MAX_SIGNERS};
use crate::model::{AppId, AppRecord, Inventory, Note};

use super::error::ReadError;

/// Where in the input something is.
#[derive(Clone, Copy)]
pub enum Place<'a> {
    /// An element of a list: `InstalledApplicationList[2]`, or `[2]` where the input is the list.
    Item(&'a str, usize),
    /// The whole input, named by what it is.
    Whole(&'a str),
    /// A line of text, counted from 1.
    Line(usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(list, index) => write!(f, "{list}[{index}]"),
            Self::Whole(name) => f.write_str(name),
            Self::Line(number) => write!(f, "line {number}"),
        }
    }
}

/// Collects apps and notes within the limits, and puts them in order at the end.
#[derive(Default)]
pub struct Draft {
    apps: Vec<AppRecord>,
    notes: Vec<Note>,
    notes_left_out: usize,
}

impl Draft {
    /// Keeps `app`. `id_key` is what its identifier is called, for the note that it has none.
    pub fn push(&mut self, place: Place<'_>, id_key: &str, app: AppRecord) -> Result<(), ReadError> {
        if app.id.is_none() {
            let name = app.name.as_deref().map(|name| format!(" (name {})", quote(name))).unwrap_or_default();
            self.note(place, format_args!("has no {id_key}; kept as an unnamed app{name}"));
        }
        self.push_nameless(place, app)
    }

    /// Keeps `app`, of which nobody expects an identifier.
    pub fn push_nameless(&mut self, place: Place<'_>, mut app: AppRecord) -> Result<(), ReadError> {
        if self.apps.len() >= MAX_APPS {
            return Err(ReadError::TooManyApps);
        }
        app.signers.sort_unstable();
        app.signers.dedup();
        if app.signers.len() > MAX_SIGNERS {
            self.note(
                place,
                format_args!("has {} signers; the first {MAX_SIGNERS} are kept", app.signers.len()),
            );
            app.signers.truncate(MAX_SIGNERS);
        }
        self.apps.push(app);
        Ok(())
    }

    /// Notes what was met at `place` and what was done about it.
    pub fn note(&mut self, place: impl fmt::Display, message: impl fmt::Display) {
        if self.notes.len() >= MAX_NOTES {
            self.notes_left_out += 1;
            return;
        }
        self.notes.push(Note { place: place.to_string(), message: message.to_string() });
    }

    /// Whether no app has been kept so far.
    pub fn is_empty(&self) -> bool {
        self.apps.is_empty()
    }

    /// The inventory: apps sorted, repeated identifiers noted.
    pub fn finish(mut self) -> Inventory {
        identity::sort(&mut self.apps);
        let apps = std::mem::take(&mut self.apps);
        for same in apps.chunk_by(|a, b| a.id == b.id).filter(|same| same.len() > 1) {
            if let Some(id) = same.first().and_then(|app| app.id.as_ref()) {
                self.note(quote(id.as_str()), format_args!("is listed {} times; each is kept", same.len()));
            }
        }
        if self.notes_left_out > 0 {
            let message = format!("{} more were left out", self.notes_left_out);
            self.notes.push(Note { place: "notes".to_owned(), message });
        }
        Inventory { apps, notes: self.notes, incomplete: None }
    }
}

/// An identifier, if `text` can be one.
pub fn app_id(text: Option<String>) -> Option<AppId> {
    text.and_then(AppId::new)
}

/// A foreign text for a note: in quotation marks, control characters escaped, cut when long.
pub fn quote(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTED_CHARS) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}
