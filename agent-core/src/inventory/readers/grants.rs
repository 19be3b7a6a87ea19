//! The permissions that a package holds, in the text of `dumpsys package`.
//!
//! ```text
//!     install permissions:
//!       NAME: granted=true
//!     User 0: …
//!       runtime permissions:
//!         NAME: granted=true, flags=[ … ]
//! ```
//!
//! Before Android 6 they are `grantedPermissions:`, names alone. Runtime grants of all users are taken together. Special
//! access (accessibility, device administration) is told elsewhere, and is not among them.

use std::collections::BTreeSet;

use super::value::Fields;
use crate::inventory::limits::MAX_PERMISSIONS;

/// Collects the grants of one package from its lines.
#[derive(Default)]
pub struct Grants<'a> {
    names: BTreeSet<&'a str>,
    section: Option<Section>,
    overflows: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Section {
    /// `install permissions:`, entries two columns in.
    Install,
    /// `grantedPermissions:`, likewise.
    Names,
    /// A user, whose sections are two columns in.
    User,
    /// `runtime permissions:` of a user, entries four columns in.
    Runtime,
}

impl<'a> Grants<'a> {
    /// A line at the margin of the package's properties.
    pub fn read_property(&mut self, property: &str) {
        self.section = match property {
            "install permissions:" => Some(Section::Install),
            "grantedPermissions:" => Some(Section::Names),
            user if user.starts_with("User ") => Some(Section::User),
            _ => None,
        };
    }

    /// A line two columns in from there.
    pub fn read_entry(&mut self, entry: &'a str) {
        match self.section {
            Some(Section::Install) => self.read_grant(entry),
            Some(Section::Names) => self.hold(entry),
            Some(Section::User | Section::Runtime) => {
                let is_runtime = entry == "runtime permissions:";
                self.section = Some(if is_runtime { Section::Runtime } else { Section::User });
            }
            None => {}
        }
    }

    /// A line four columns in.
    pub fn read_inner_entry(&mut self, entry: &'a str) {
        if self.section == Some(Section::Runtime) {
            self.read_grant(entry);
        }
    }

    /// `NAME: granted=true, flags=[ … ]`
    fn read_grant(&mut self, entry: &'a str) {
        if let Some((name, state)) = entry.split_once(": ")
            && state.split(", ").any(|word| word == "granted=true")
        {
            self.hold(name);
        }
    }

    fn hold(&mut self, name: &'a str) {
        if self.names.len() < MAX_PERMISSIONS {
            self.names.insert(name);
        } else if !self.names.contains(name) {
            self.overflows = true;
        }
    }

    /// The permissions, sorted.
    pub fn finish(self, fields: &mut Fields<'_>) -> Vec<String> {
        if self.overflows {
            fields.note("permissions", format_args!("are more than {MAX_PERMISSIONS}; the first are kept"));
        }
        self.names.into_iter().filter_map(|name| fields.text("permissions", Some(name).into())).collect()
    }
}
