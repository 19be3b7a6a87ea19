//! Text inputs: bytes to lines.

use std::borrow::Cow;

use super::draft::{Draft, Place};

/// `input` without a UTF-8 byte order mark, which Windows tools put before what they save.
pub fn without_bom(input: &[u8]) -> &[u8] {
    input.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(input)
}

/// `input` as text. Bytes that are not UTF-8 become U+FFFD, which is noted with the first line that has any.
pub fn decode<'a>(input: &'a [u8], draft: &mut Draft) -> Cow<'a, str> {
    let input = without_bom(input);
    let Err(error) = std::str::from_utf8(input) else {
        return String::from_utf8_lossy(input);
    };
    let before = input.get(..error.valid_up_to()).unwrap_or_default();
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    draft
        .note(Place::Line(line), "is not UTF-8, here and perhaps further on; such bytes are shown as U+FFFD");
    String::from_utf8_lossy(input)
}

/// The lines of `text`, ended by LF or CRLF, numbered from 1.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}
