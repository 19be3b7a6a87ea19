//! A property list as a stream, XML or binary, within limits of depth, number and size.
//!
//! The plist crate's own tree is not used: a binary plist may name one object many times over, so that a few
//! hundred bytes stand for exponentially many values, and a deep tree is dropped by recursion. Here nothing is
//! kept but the field at hand, and nothing recurses.

use std::io::Cursor;

use plist::stream::{BinaryReader, Event, OwnedEvent, XmlReader};

use super::error::ReadError;
use super::value::Value;
use super::{Format, text};
use crate::inventory::limits::{MAX_PLIST_CONTENT_BYTES, MAX_PLIST_DEPTH, MAX_PLIST_VALUES};

/// Whether `input` starts as a binary plist does.
pub fn is_binary(input: &[u8]) -> bool {
    input.starts_with(b"bplist00")
}

/// A plist that is being read from its start.
pub struct PlistEvents<'a> {
    source: Source<'a>,
    depth: usize,
    values_left: u64,
    content_left: u64,
}

enum Source<'a> {
    Binary(Box<BinaryReader<Cursor<&'a [u8]>>>),
    Xml(Box<XmlReader<&'a [u8]>>),
}

/// What comes next where a dictionary is expected.
pub enum Element {
    /// A dictionary, now open.
    Dictionary,
    /// Something else, named and passed over.
    Other(&'static str),
    /// The end of the collection around it.
    End,
}

/// The start of a value, or the end of the collection around it.
enum Token {
    List,
    Dictionary,
    End,
    Scalar(Value),
}

impl<'a> PlistEvents<'a> {
    /// Opens `input`, of either encoding, whose root must be a dictionary.
    pub fn open_dictionary(input: &'a [u8]) -> Result<Self, ReadError> {
        let source = if is_binary(input) {
            Source::Binary(Box::new(BinaryReader::new(Cursor::new(input))))
        } else {
            Source::Xml(Box::new(XmlReader::new(text::without_bom(input))))
        };
        let mut events =
            Self { source, depth: 0, values_left: MAX_PLIST_VALUES, content_left: MAX_PLIST_CONTENT_BYTES };
        match events.next()? {
            Token::Dictionary => Ok(events),
            _ => Err(malformed("the root is not a dictionary")),
        }
    }

    /// The next key of the innermost open dictionary; `None` at its end.
    pub fn key(&mut self) -> Result<Option<String>, ReadError> {
        match self.next()? {
            Token::End => Ok(None),
            Token::Scalar(Value::Text(key)) => Ok(Some(key)),
            _ => Err(malformed("a dictionary key is not a text")),
        }
    }

    /// The next value; of a collection, only what it is.
    pub fn value(&mut self) -> Result<Value, ReadError> {
        let value = match self.next()? {
            Token::Scalar(value) => return Ok(value),
            Token::List => Value::Other("a list"),
            Token::Dictionary => Value::Other("a dictionary"),
            Token::End => return Err(malformed("a key has no value")),
        };
        self.close()?;
        Ok(value)
    }

    /// Opens the next value, which must be a list.
    pub fn open_list(&mut self, name: &str) -> Result<(), ReadError> {
        match self.next()? {
            Token::List => Ok(()),
            _ => Err(malformed(format_args!("{name} is not a list"))),
        }
    }

    /// The next element, or value of a dictionary, where a dictionary is expected.
    pub fn element(&mut self) -> Result<Element, ReadError> {
        Ok(match self.next()? {
            Token::Dictionary => Element::Dictionary,
            Token::End => Element::End,
            Token::Scalar(value) => Element::Other(value.kind()),
            Token::List => {
                self.close()?;
                Element::Other("a list")
            }
        })
    }

    fn next(&mut self) -> Result<Token, ReadError> {
        let event = match &mut self.source {
            Source::Binary(reader) => reader.next(),
            Source::Xml(reader) => reader.next(),
        };
        let event = event.ok_or_else(|| malformed("it ends early"))?.map_err(malformed)?;
        self.spend(&event)?;
        Ok(match event {
            Event::StartArray(_) => self.open(Token::List)?,
            Event::StartDictionary(_) => self.open(Token::Dictionary)?,
            Event::EndCollection => {
                self.depth = self.depth.saturating_sub(1);
                Token::End
            }
            scalar => Token::Scalar(scalar_value(scalar)),
        })
    }

    /// Counts `event` against the limits. What a collection announces counts at once: the reader has already
    /// set memory aside for it.
    fn spend(&mut self, event: &OwnedEvent) -> Result<(), ReadError> {
        let (values, content) = match event {
            Event::StartArray(length) => (length.unwrap_or(0).saturating_add(1), 0),
            Event::StartDictionary(length) => (length.unwrap_or(0).saturating_mul(2).saturating_add(1), 0),
            Event::String(text) => (1, text.len() as u64),
            Event::Data(data) => (1, data.len() as u64),
            _ => (1, 0),
        };
        self.values_left = self.values_left.checked_sub(values).ok_or(ReadError::TooManyValues)?;
        self.content_left = self.content_left.checked_sub(content).ok_or(ReadError::TooManyValues)?;
        Ok(())
    }

    fn open(&mut self, token: Token) -> Result<Token, ReadError> {
        self.depth += 1;
        if self.depth > MAX_PLIST_DEPTH { Err(ReadError::TooDeep) } else { Ok(token) }
    }

    /// Passes over the rest of the collection that was just opened.
    fn close(&mut self) -> Result<(), ReadError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            self.next()?;
        }
        Ok(())
    }
}

fn scalar_value(event: OwnedEvent) -> Value {
    match event {
        Event::String(text) => Value::Text(text.into_owned()),
        Event::Boolean(truth) => Value::Boolean(truth),
        Event::Integer(number) => number
            .as_signed()
            .map(i128::from)
            .or(number.as_unsigned().map(i128::from))
            .map_or(Value::Other("a number"), Value::Integer),
        Event::Real(_) => Value::Other("a fraction"),
        Event::Data(_) => Value::Other("data"),
        Event::Date(_) => Value::Other("a date"),
        _ => Value::Other("a value of no known type"),
    }
}

fn malformed(why: impl ToString) -> ReadError {
    ReadError::malformed(Format::AppleMdm, why)
}
