//! Android: the text of `pm list packages -f -i -U`.
//!
//! ```text
//! package:PATH=ID[ versionCode:N][  installer=ID|null][ uid:N]
//! ```
//!
//! A path may hold `=` (`/data/app/NAME-BASE64==/base.apk`), an identifier may not, so the last one divides
//! them. Without `-f` there is no path. `installer=null` is a told absence.

use super::Format;
use super::draft::{Draft, Place, app_id, quote};
use super::error::ReadError;
use super::text;
use super::value::Fields;
use crate::model::{AppRecord, AppSource, Inventory};

/// Partitions that hold only apps with `FLAG_SYSTEM`. An updated system app runs from `/data`, so any other
/// path tells nothing.
const SYSTEM_PARTITIONS: [&str; 7] =
    ["/system/", "/system_ext/", "/product/", "/vendor/", "/odm/", "/oem/", "/apex/"];

pub fn read(input: &[u8]) -> Result<Inventory, ReadError> {
    let mut draft = Draft::default();
    let text = text::decode(input, &mut draft);
    for (number, line) in text::lines(&text) {
        if line.trim().is_empty() {
            continue;
        }
        let place = Place::Line(number);
        match line.strip_prefix("package:") {
            Some(rest) => {
                let app = read_line(rest, Fields { draft: &mut draft, place });
                draft.push(place, "package name", app)?;
            }
            None => {
                draft.note(place, format_args!("does not start with \"package:\": {}; left out", quote(line)))
            }
        }
    }
    if draft.is_empty() {
        return Err(ReadError::no_app_list(Format::AndroidPmList, "no line starts with \"package:\""));
    }
    Ok(draft.finish())
}

fn read_line(line: &str, mut fields: Fields<'_>) -> AppRecord {
    let mut app = AppRecord::from_source(AppSource::AndroidPmList);
    let (package, installer) = match line.rsplit_once("  installer=") {
        Some((package, rest)) => (package, Some(before_space(rest))),
        None => (line.rsplit_once(" uid:").map_or(line, |(package, _)| package), None),
    };
    let (package, version) = match package.rsplit_once(" versionCode:") {
        Some((package, version)) => (package, Some(version)),
        None => (package, None),
    };
    let (path, id) = match package.rsplit_once('=') {
        Some((path, id)) => (Some(path), id),
        None => (None, package),
    };

    app.id = app_id(fields.text("package name", Some(id).into()));
    app.version = fields.text("versionCode", version.into());
    app.installer = match installer {
        Some("null") => Some(String::new()),
        other => fields.text("installer", other.into()),
    };
    let on_system_partition =
        path.is_some_and(|path| SYSTEM_PARTITIONS.iter().any(|partition| path.starts_with(partition)));
    app.system = on_system_partition.then_some(true);
    app
}

fn before_space(text: &str) -> &str {
    text.split_once(' ').map_or(text, |(first, _)| first)
}
