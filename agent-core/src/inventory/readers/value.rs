//! One field of a structured input, of whatever type it turned out to be, and its reading as the type it
//! should have been.

use crate::inventory::limits::{MAX_FIELD_BYTES, MAX_SIZE};
use crate::model::Sha256;

use super::draft::{Draft, Place, quote};

/// What a field holds.
#[derive(Debug, Default)]
pub enum Value {
    /// Nothing: missing, or JSON `null`.
    #[default]
    Absent,
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i128),
    /// A truth value.
    Boolean(bool),
    /// A list, flat.
    List(Vec<Value>),
    /// Something that no field of an app record is.
    Other(&'static str),
}

impl Value {
    /// What it is, in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Absent => "missing",
            Self::Text(_) => "a text",
            Self::Integer(_) => "a number",
            Self::Boolean(_) => "a truth value",
            Self::List(_) => "a list",
            Self::Other(kind) => kind,
        }
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        text.map_or(Self::Absent, |text| Self::Text(text.to_owned()))
    }
}

/// Reads the fields of one app, noting those that are not what they should be.
pub struct Fields<'a> {
    pub draft: &'a mut Draft,
    pub place: Place<'a>,
}

impl Fields<'_> {
    /// A text. An empty one tells nothing, so is absent.
    pub fn text(&mut self, key: &str, value: Value) -> Option<String> {
        match value {
            Value::Absent => None,
            Value::Text(text) => self.checked_text(key, text),
            other => self.wrong_type(key, &other, "a text"),
        }
    }

    /// A version: a text, or a number as Android's version codes are.
    pub fn version(&mut self, key: &str, value: Value) -> Option<String> {
        match value {
            Value::Integer(number) => Some(number.to_string()),
            other => self.text(key, other),
        }
    }

    /// A text that may be told to be empty.
    pub fn text_or_empty(&mut self, key: &str, value: Value) -> Option<String> {
        match value {
            Value::Text(text) if text.trim().is_empty() => Some(String::new()),
            other => self.text(key, other),
        }
    }

    /// A size in bytes.
    pub fn size(&mut self, key: &str, value: Value) -> Option<u64> {
        let number = match value {
            Value::Absent => return None,
            Value::Integer(number) => number,
            other => return self.wrong_type(key, &other, "a whole number of bytes"),
        };
        let size = u64::try_from(number).ok().filter(|size| *size <= MAX_SIZE);
        if size.is_none() {
            self.note(key, format_args!("is {number}, not a size in bytes; left out"));
        }
        size
    }

    /// A SHA-256 digest, hexadecimal.
    pub fn sha256(&mut self, key: &str, value: Value) -> Option<Sha256> {
        let text = self.text(key, value)?;
        let digest = text.trim().parse();
        if digest.is_err() {
            self.note(key, format_args!("{} is no SHA-256; left out", quote(&text)));
        }
        digest.ok()
    }

    /// A truth value.
    pub fn boolean(&mut self, key: &str, value: Value) -> Option<bool> {
        match value {
            Value::Absent => None,
            Value::Boolean(truth) => Some(truth),
            other => self.wrong_type(key, &other, "a truth value"),
        }
    }

    /// A list of texts; elements of another type are left out.
    pub fn texts(&mut self, key: &str, value: Value) -> Vec<String> {
        match value {
            Value::Absent => Vec::new(),
            Value::List(elements) => {
                elements.into_iter().filter_map(|element| self.text(key, element)).collect()
            }
            other => self.wrong_type(key, &other, "a list of texts").unwrap_or_default(),
        }
    }

    /// Notes something about the field `key`.
    pub fn note(&mut self, key: &str, message: impl std::fmt::Display) {
        match self.place {
            Place::Line(_) => self.draft.note(self.place, format_args!("{key} {message}")),
            Place::Item(..) | Place::Whole(_) => {
                self.draft.note(format_args!("{}.{key}", self.place), message);
            }
        }
    }

    fn checked_text(&mut self, key: &str, text: String) -> Option<String> {
        if text.len() > MAX_FIELD_BYTES {
            self.note(
                key,
                format_args!("has {} bytes, at most {MAX_FIELD_BYTES} are kept; left out", text.len()),
            );
            return None;
        }
        (!text.trim().is_empty()).then_some(text)
    }

    fn wrong_type<T>(&mut self, key: &str, value: &Value, expected: &str) -> Option<T> {
        self.note(key, format_args!("is {}, not {expected}; left out", value.kind()));
        None
    }
}
