//! Judges the installed apps, a file for each question.
//!
//! Each judge gives one judgement for each app and detection: what is installed more than once, as in a work profile, is
//! judged by its worst copy.

mod build;
mod changes;
mod origin;
mod permissions;
mod publishers;
mod rules;
mod twins;
mod version;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

pub use build::judge_build;
pub use changes::judge_changes;
pub use origin::judge_origin;
pub use publishers::{EXPECTED_SIGNER, Publishers};
pub use rules::judge_rules;
pub use twins::judge_twins;

use crate::model::{AppId, AppRecord, AppSource, Detection, Inventory, Judgement, KnownInstaller, Verdict};

/// What findings call the app: its identifier, else what a person would.
fn subject(app: &AppRecord) -> &str {
    app.id.as_ref().map_or(app.label(), AppId::as_str)
}

/// `Mail (com.apple.mail)`, or what there is of it.
fn name(app: &AppRecord) -> String {
    match (&app.name, &app.id) {
        (Some(name), Some(id)) => format!("{name} ({id})"),
        _ => app.label().to_owned(),
    }
}

/// A judgement about `app`, with its version and installer where they are told.
fn about(app: &AppRecord, detection: Detection, verdict: Verdict, reason: impl Into<String>) -> Judgement {
    let judgement = Judgement::new(detection, verdict).about(subject(app)).because(reason);
    let version = app.short_version.as_ref().or(app.version.as_ref());
    let judgement = version.into_iter().fold(judgement, |it, version| it.with("version", version));
    match app.installer.as_deref() {
        None => judgement,
        Some("") => judgement.with("installer", "none"),
        Some(installer) => judgement.with("installer", installer),
    }
}

/// `Google Play`, or the package of an installer that nobody knows.
fn installer_in_words(installer: &str) -> &str {
    KnownInstaller::of(installer).map_or(installer, |known| known.name)
}

/// The surest judgement of each app and detection, in the order of the first.
fn one_per_app(judgements: impl IntoIterator<Item = Judgement>) -> Vec<Judgement> {
    let mut places: BTreeMap<(Detection, String), usize> = BTreeMap::new();
    let mut kept: Vec<Judgement> = Vec::new();
    for judgement in judgements {
        match places.entry((judgement.detection, judgement.subject.clone())) {
            Entry::Vacant(place) => {
                place.insert(kept.len());
                kept.push(judgement);
            }
            Entry::Occupied(place) => {
                if let Some(known) = kept.get_mut(*place.get())
                    && judgement.verdict > known.verdict
                {
                    *known = judgement;
                }
            }
        }
    }
    kept
}

/// How many judgements are findings: what could not be told is none.
fn found(judgements: &[Judgement]) -> usize {
    judgements.iter().filter(|judgement| judgement.verdict > Verdict::Inconclusive).count()
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Whether every app is a Debian package, whose repositories and builds are the system's own.
fn is_debian(inventory: &Inventory) -> bool {
    inventory.apps.iter().all(|app| app.source == AppSource::Dpkg) && !inventory.apps.is_empty()
}
