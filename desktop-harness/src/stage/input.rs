//! Standard input, line by line, on a thread of its own: one that waits for input keeps nothing else from ending.

use std::io::{BufRead, BufReader, Read, stdin};

use tokio::sync::mpsc::{Receiver, channel};

/// Longest line that is read, in bytes: the longest command is under 100.
const MAX_LINE: u64 = 4096;

/// Lines that may wait while a command runs; a writer that is further ahead waits itself.
const AHEAD: usize = 16;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Its text, without the end.
    Text(String),
    /// Why it is none that could be a command.
    Unusable(String),
}

/// The lines until the input ends or cannot be read.
pub(super) fn lines() -> Receiver<Line> {
    let (sender, lines) = channel(AHEAD);
    std::thread::spawn(move || {
        let mut input = BufReader::new(stdin());
        while let Some(line) = next(&mut input) {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    lines
}

fn next(input: &mut impl BufRead) -> Option<Line> {
    let mut bytes = Vec::new();
    let read = input.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes).ok()?;
    if read == 0 {
        return None;
    }
    if u64::try_from(read).is_ok_and(|read| read == MAX_LINE) && bytes.last() != Some(&b'\n') {
        input.skip_until(b'\n').ok()?;
        return Some(Line::Unusable(format!("the line is longer than {MAX_LINE} bytes")));
    }
    Some(match String::from_utf8(bytes) {
        Ok(text) => Line::Text(text.trim_end().to_owned()),
        Err(_) => Line::Unusable("the line is not UTF-8".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_that_cannot_be_a_command_does_not_hide_the_next() {
        let long = format!("{}\n", "x".repeat(100_000));
        let input = [b"home\r\n\n\xff\n", long.as_bytes(), b"stop"].concat();
        let mut input = &input[..];
        let lines: Vec<_> = std::iter::from_fn(|| next(&mut input)).collect();
        assert_eq!(
            lines,
            [
                Line::Text("home".to_owned()),
                Line::Text(String::new()),
                Line::Unusable("the line is not UTF-8".to_owned()),
                Line::Unusable("the line is longer than 4096 bytes".to_owned()),
                Line::Text("stop".to_owned()),
            ]
        );
    }
}
