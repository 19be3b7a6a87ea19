//! Debian: the package database `/var/lib/dpkg/status`, stanzas of `Field: value` (deb822(5)).
//!
//! Kept are the packages whose files are on disk, configured or not; those removed with their configuration
//! left behind are not installed. `Installed-Size` is in KiB. A package that is installed for two
//! architectures has two records.

use super::Format;
use super::draft::{Draft, Place, app_id, quote};
use super::error::ReadError;
use super::text;
use super::value::{Fields, Value};
use crate::model::{AppRecord, AppSource, Inventory};

/// States of dpkg(1) in which a package's files are in place.
const STATES_ON_DISK: [&str; 5] =
    ["installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending"];

pub fn read(input: &[u8]) -> Result<Inventory, ReadError> {
    let mut draft = Draft::default();
    let text = text::decode(input, &mut draft);
    let mut stanza = Stanza::default();
    let mut stanzas = 0_usize;
    for (number, line) in text::lines(&text) {
        if line.trim().is_empty() {
            stanzas += usize::from(std::mem::take(&mut stanza).finish(&mut draft)?);
        } else {
            stanza.read_line(number, line, &mut draft);
        }
    }
    stanzas += usize::from(stanza.finish(&mut draft)?);
    if stanzas == 0 {
        return Err(ReadError::no_app_list(Format::Dpkg, "there is no stanza with Package or Status"));
    }
    Ok(draft.finish())
}

/// The fields of one package that matter, as they stand.
#[derive(Default)]
struct Stanza<'a> {
    first_line: usize,
    package: Option<&'a str>,
    status: Option<&'a str>,
    version: Option<&'a str>,
    installed_size: Option<&'a str>,
    essential: Option<&'a str>,
}

impl<'a> Stanza<'a> {
    fn read_line(&mut self, number: usize, line: &'a str, draft: &mut Draft) {
        if self.first_line == 0 {
            self.first_line = number;
        }
        if line.starts_with([' ', '\t', '#']) {
            return;
        }
        let Some((name, value)) = line.split_once(':') else {
            draft.note(Place::Line(number), format_args!("is no field: {}; left out", quote(line)));
            return;
        };
        let field = match name.to_ascii_lowercase().as_str() {
            "package" => &mut self.package,
            "status" => &mut self.status,
            "version" => &mut self.version,
            "installed-size" => &mut self.installed_size,
            "essential" => &mut self.essential,
            _ => return,
        };
        *field = Some(value.trim());
    }

    /// Ends the stanza; whether it described a package.
    fn finish(self, draft: &mut Draft) -> Result<bool, ReadError> {
        let place = Place::Line(self.first_line);
        let Some(status) = self.status else {
            if self.package.is_some() {
                draft.note(place, "this package has no Status, so may not be installed; left out");
            }
            return Ok(self.package.is_some());
        };
        let state = status.split_whitespace().next_back().unwrap_or_default();
        if !STATES_ON_DISK.contains(&state) {
            return Ok(true);
        }

        let mut fields = Fields { draft: &mut *draft, place };
        let mut app = AppRecord::from_source(AppSource::Dpkg);
        app.id = app_id(fields.text("Package", self.package.into()));
        app.version = fields.text("Version", self.version.into());
        app.bundle_size = self.installed_size.and_then(|kib| size(&mut fields, kib));
        app.system = self.essential.and_then(|essential| match essential {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        });
        draft.push(place, "Package", app)?;
        Ok(true)
    }
}

fn size(fields: &mut Fields<'_>, kib: &str) -> Option<u64> {
    const KEY: &str = "Installed-Size";
    match kib.parse::<i64>() {
        Ok(kib) => fields.size(KEY, Value::Integer(i128::from(kib) * 1024)),
        Err(_) => {
            fields.note(KEY, format_args!("is {}, not a number of KiB; left out", quote(kib)));
            None
        }
    }
}
