//! Tells the format of an input by what stands in it.

use super::{Format, text};
use crate::bounded_plist;

/// The format that `input` seems to be in; `None` when it is like none of them.
///
/// A guess by a few words: only [`read`](super::read) tells whether it holds.
pub fn detect(input: &[u8]) -> Option<Format> {
    if bounded_plist::is_binary(input) {
        return Some(Format::AppleMdm);
    }
    let input = text::without_bom(input).trim_ascii_start();
    match input.first()? {
        b'<' => contains(input, b"<plist").then_some(Format::AppleMdm),
        b'{' | b'[' => detect_json(input),
        _ => detect_text(input),
    }
}

fn detect_json(input: &[u8]) -> Option<Format> {
    let has_any = |words: &[&str]| words.iter().any(|word| contains(input, word.as_bytes()));
    if has_any(&["\"applicationReports\"", "\"packageName\""]) {
        return Some(Format::AndroidManagement);
    }
    has_any(&["detectedApp", "\"sizeInByte\""]).then_some(Format::MicrosoftGraph)
}

fn detect_text(input: &[u8]) -> Option<Format> {
    let mut dpkg_package = false;
    for line in input.split(|byte| *byte == b'\n').map(|line| line.trim_ascii_end()) {
        if line.starts_with(b"package:") {
            return Some(Format::AndroidPmList);
        }
        if line == b"Packages:" {
            return Some(Format::AndroidDumpsys);
        }
        if dpkg_package && line.starts_with(b"Status:") {
            return Some(Format::Dpkg);
        }
        dpkg_package |= line.starts_with(b"Package:");
    }
    None
}

fn contains(input: &[u8], words: &[u8]) -> bool {
    input.windows(words.len()).any(|window| window == words)
}
