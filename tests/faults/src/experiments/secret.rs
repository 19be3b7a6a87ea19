//! A planted word, looked for in every byte of the data folder: of the agent nothing may be readable on the disk.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

use super::{Amount, Progress};
use crate::Failure;
use crate::event::Phase;
use crate::lab::Lab;
use crate::ledger::Ledger;
use crate::organisation::Organisation;
use crate::outcome::Outcome;
use crate::victim::{Device, Task};

/// The name of an app that is installed from the first scan on.
const PLANTED_APP: &str = "planted-secret-of-the-user-7f3a";

pub fn run(lab: &Lab, _: Amount, progress: Progress<'_>) -> Result<Outcome, Failure> {
    let mut organisation = Organisation::start(lab, "organisation")?;
    let device = Device::new(lab, "planted", organisation.code()?);
    let (mut ledger, mut outcome) = (Ledger::default(), Outcome::default());
    let words = [
        ("name of an app", PLANTED_APP.to_owned()),
        ("name of the app that is found fault with", "com.example.trackview".to_owned()),
        ("one-time token", one_time_token(&device.code)?),
        ("tenant's URL", format!("localhost:{}", organisation.port())),
        ("a claim of every report", "risk-level-change".to_owned()),
    ];
    let (mut files, mut bytes) = (0, 0);
    for step in 0..4 {
        let task = Task { rounds: 2, plant: Some(PLANTED_APP), keep: step % 2 == 1, ..Task::ONE_ROUND };
        // With a write-ahead log that was not written back, too.
        let ended = match step {
            3 => {
                let mut victim = device.start(lab, &Task { rounds: 5, ..task })?;
                victim.reaches(Phase::Rest, 4)?;
                victim.kill()?
            }
            _ => device.run(lab, &task)?,
        };
        ledger.note(&ended);
        for file in files_below(&device.data)? {
            let content = fs::read(&file)?;
            files += 1;
            bytes += content.len();
            for (what, word) in &words {
                for (form, needle) in forms(word) {
                    if holds(&content, &needle) {
                        let name = file.strip_prefix(&device.data)?.display().to_string();
                        outcome.wrong(format!("{name} holds the {what} as {form}"));
                    }
                }
            }
        }
        progress("searches");
    }
    ledger.note(&device.run(lab, &Task::DRAIN)?);
    let devices = organisation.devices()?;
    organisation.kill()?;
    outcome.judge(ledger.verdict(&organisation.data, &devices)?);
    // The search finds what is there: the connector keeps reports as they came.
    let at_connector: Vec<_> = files_below(&organisation.data)?;
    let is_found =
        |needle: &[u8]| at_connector.iter().any(|it| fs::read(it).is_ok_and(|all| holds(&all, needle)));
    if !forms(PLANTED_APP).iter().any(|(_, needle)| is_found(needle)) {
        outcome.wrong("the search does not find the planted app even where it must be: at the connector");
    }
    for (what, word) in &words {
        let told = format!("in {files} files ({bytes} bytes) of 4 moments: not there");
        outcome.row(format!("{what}, in {} forms", forms(word).len()), 1, told);
    }
    Ok(outcome)
}

/// The one-time token in an enrolment code.
fn one_time_token(code: &str) -> Result<String, Failure> {
    let payload: agent_core::connector::EnrolmentPayload = code.parse()?;
    Ok(payload.token().expose().to_owned())
}

/// A word as it may lie on a disk.
fn forms(word: &str) -> Vec<(String, Vec<u8>)> {
    let bytes = word.as_bytes();
    let mut forms = vec![
        ("text".to_owned(), bytes.to_vec()),
        ("text, backwards".to_owned(), bytes.iter().rev().copied().collect()),
        ("UTF-16, little end first".to_owned(), word.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("UTF-16, big end first".to_owned(), word.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ("hex".to_owned(), bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()),
        (
            "hex, capitals".to_owned(),
            bytes.iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).collect(),
        ),
        (
            "URL escapes".to_owned(),
            bytes.iter().flat_map(|byte| format!("%{byte:02x}").into_bytes()).collect(),
        ),
    ];
    for offset in 0..3 {
        for (name, engine) in [("base64", &BASE64_STANDARD_NO_PAD), ("base64url", &BASE64_URL_SAFE_NO_PAD)] {
            // What stands before and after decides the outer characters; the inner ones are the word's alone.
            let text = engine.encode([&vec![0; offset], bytes].concat());
            let inner = text.get((offset * 8).div_ceil(6)..text.len() - 1).unwrap_or_default();
            forms.push((format!("{name}, {offset} bytes in"), inner.as_bytes().to_vec()));
        }
    }
    forms
}

fn holds(content: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && content.windows(needle.len()).any(|window| window == needle)
}

fn files_below(folder: &Path) -> Result<Vec<std::path::PathBuf>, Failure> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { files.extend(files_below(&path)?) } else { files.push(path) }
    }
    Ok(files)
}
