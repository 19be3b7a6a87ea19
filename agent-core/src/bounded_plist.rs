//! The events of a property list, XML or binary, within limits of depth, number and size.
//!
//! The plist crate's own tree is not used: a binary plist may name one object many times over, so that a few hundred
//! bytes stand for exponentially many values, and a deep tree is dropped by recursion.

use std::io::Cursor;

use plist::stream::{BinaryReader, Event, OwnedEvent, XmlReader};

/// How much of a property list is read.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// Collections within each other, the root included.
    pub(crate) depth: usize,
    /// Values, keys included.
    pub(crate) values: u64,
    /// Text and data, in bytes.
    pub(crate) content: u64,
}

/// Why there is no next event.
#[derive(Debug)]
pub(crate) enum Broken {
    /// Not well-formed, in the parser's words.
    Syntax(String),
    /// Beyond [`Limits::depth`].
    TooDeep,
    /// Beyond [`Limits::values`] or [`Limits::content`].
    TooMuch,
}

/// Whether `input` starts as a binary plist does.
pub(crate) fn is_binary(input: &[u8]) -> bool {
    input.starts_with(b"bplist00")
}

/// A property list that is being read from its start.
pub(crate) struct BoundedPlist<'a> {
    source: Source<'a>,
    depth: usize,
    left: Limits,
}

enum Source<'a> {
    Binary(Box<BinaryReader<Cursor<&'a [u8]>>>),
    Xml(Box<XmlReader<&'a [u8]>>),
}

impl<'a> BoundedPlist<'a> {
    /// Opens `input`, of either encoding, XML with or without a byte order mark.
    pub(crate) fn open(input: &'a [u8], limits: Limits) -> Self {
        let source = if is_binary(input) {
            Source::Binary(Box::new(BinaryReader::new(Cursor::new(input))))
        } else {
            Source::Xml(Box::new(XmlReader::new(input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input))))
        };
        Self { source, depth: 0, left: limits }
    }

    /// How many collections are open.
    pub(crate) const fn depth(&self) -> usize {
        self.depth
    }

    /// The next event. The end of the input is an error: a list that is read ends with its root.
    pub(crate) fn next(&mut self) -> Result<OwnedEvent, Broken> {
        let event = match &mut self.source {
            Source::Binary(reader) => reader.next(),
            Source::Xml(reader) => reader.next(),
        };
        let event = event.ok_or_else(|| Broken::Syntax("it ends early".to_owned()))?;
        let event = event.map_err(|error| Broken::Syntax(error.to_string()))?;
        self.spend(&event)?;
        match event {
            Event::StartArray(_) | Event::StartDictionary(_) => {
                self.depth += 1;
                if self.depth > self.left.depth {
                    return Err(Broken::TooDeep);
                }
            }
            Event::EndCollection => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        Ok(event)
    }

    /// Counts `event` against the limits. What a collection announces counts at once: the reader has already set memory
    /// aside for it.
    fn spend(&mut self, event: &OwnedEvent) -> Result<(), Broken> {
        let (values, content) = match event {
            Event::StartArray(length) => (length.unwrap_or(0).saturating_add(1), 0),
            Event::StartDictionary(length) => (length.unwrap_or(0).saturating_mul(2).saturating_add(1), 0),
            Event::String(text) => (1, text.len() as u64),
            Event::Data(data) => (1, data.len() as u64),
            _ => (1, 0),
        };
        self.left.values = self.left.values.checked_sub(values).ok_or(Broken::TooMuch)?;
        self.left.content = self.left.content.checked_sub(content).ok_or(Broken::TooMuch)?;
        Ok(())
    }
}
