//! A property list as a stream: nothing is kept but the field at hand, and nothing recurses.

use plist::stream::{Event, OwnedEvent};

use super::Format;
use super::error::ReadError;
use super::value::Value;
use crate::bounded_plist::{BoundedPlist, Broken, Limits};
use crate::inventory::limits::{MAX_PLIST_CONTENT_BYTES, MAX_PLIST_DEPTH, MAX_PLIST_VALUES};

const LIMITS: Limits =
    Limits { depth: MAX_PLIST_DEPTH, values: MAX_PLIST_VALUES, content: MAX_PLIST_CONTENT_BYTES };

/// A plist that is being read from its start.
pub struct PlistEvents<'a>(BoundedPlist<'a>);

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
        let mut events = Self(BoundedPlist::open(input, LIMITS));
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
        Ok(match self.0.next()? {
            Event::StartArray(_) => Token::List,
            Event::StartDictionary(_) => Token::Dictionary,
            Event::EndCollection => Token::End,
            scalar => Token::Scalar(scalar_value(scalar)),
        })
    }

    /// Passes over the rest of the collection that was just opened.
    fn close(&mut self) -> Result<(), ReadError> {
        let outside = self.0.depth().saturating_sub(1);
        while self.0.depth() > outside {
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

impl From<Broken> for ReadError {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Syntax(why) => malformed(why),
            Broken::TooDeep => Self::TooDeep,
            Broken::TooMuch => Self::TooManyValues,
        }
    }
}

fn malformed(why: impl ToString) -> ReadError {
    ReadError::malformed(Format::AppleMdm, why)
}
