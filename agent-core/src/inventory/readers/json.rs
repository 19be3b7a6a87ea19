//! JSON inputs: a list of objects, alone or under a key, read one object at a time.
//!
//! Nothing is kept but the fields of the object at hand, so an input cannot make more of itself in memory.
//! Nesting costs no stack: serde_json passes over what is not a field without recursion.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::draft::{Draft, Place};
use super::error::ReadError;
use super::value::Value;
use super::{Format, text};
use crate::inventory::limits::MAX_SIGNERS;

/// What a JSON input holds, and how to take it.
pub struct Shape<T> {
    /// The format, for errors.
    pub format: Format,
    /// Keys of the root object under which the list may stand.
    pub list_keys: &'static [&'static str],
    /// Keys of the root object that mean that more pages follow.
    pub next_page_key: &'static str,
    /// Takes one object of the list.
    pub take: fn(T, Place<'_>, &mut Draft) -> Result<(), ReadError>,
}

/// Reads `input`: a list of `T`, or an object with such a list.
///
/// Gives `None` when it is an object without one: perhaps a `T` itself.
pub fn read_list<T: DeserializeOwned>(input: &[u8], shape: &Shape<T>) -> Result<Option<Draft>, ReadError> {
    let mut pass = Pass { shape, draft: Draft::default(), lists: 0, error: None };
    let mut json = serde_json::Deserializer::from_slice(text::without_bom(input));
    let result = json.deserialize_any(Root(&mut pass)).and_then(|()| json.end());
    if let Some(error) = pass.error {
        return Err(error);
    }
    result.map_err(|error| malformed(shape.format, &error))?;
    match pass.lists {
        0 => Ok(None),
        1 => Ok(Some(pass.draft)),
        lists => Err(ReadError::malformed(shape.format, format!("it has {lists} lists of apps"))),
    }
}

/// Reads `input` as one `T`.
pub fn read_one<T: DeserializeOwned>(format: Format, input: &[u8]) -> Result<T, ReadError> {
    serde_json::from_slice(text::without_bom(input)).map_err(|error| malformed(format, &error))
}

/// An error without the value that it is about: that may be an app's name, or very long.
fn malformed(format: Format, error: &serde_json::Error) -> ReadError {
    if error.is_data() {
        let (line, column) = (error.line(), error.column());
        let why = format!("what ends at line {line} column {column} is of the wrong type, or repeats a key");
        return ReadError::malformed(format, why);
    }
    ReadError::malformed(format, error)
}

struct Pass<'s, T> {
    shape: &'s Shape<T>,
    draft: Draft,
    lists: usize,
    /// Why a list was given up: serde carries only a text.
    error: Option<ReadError>,
}

struct Root<'p, 's, T>(&'p mut Pass<'s, T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for Root<'_, '_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        List { pass: self.0, name: "" }.visit_seq(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if let Some(name) = self.0.shape.list_keys.iter().find(|name| **name == key) {
                map.next_value_seed(List { pass: self.0, name })?;
                continue;
            }
            map.next_value::<IgnoredAny>()?;
            if key == self.0.shape.next_page_key {
                self.0.draft.note(key, "more pages follow; this inventory is not complete");
            }
        }
        Ok(())
    }
}

struct List<'p, 's, T> {
    pass: &'p mut Pass<'s, T>,
    name: &'static str,
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for List<'_, '_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for List<'_, '_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list under \"{}\"", self.name)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.pass.lists += 1;
        let mut index = 0;
        while let Some(element) = seq.next_element::<Element<T>>()? {
            let place = Place::Item(self.name, index);
            let taken = match element {
                Element::Object(object) => (self.pass.shape.take)(object, place, &mut self.pass.draft),
                Element::Other(kind) => {
                    self.pass.draft.note(place, format_args!("is {kind}, not an object; left out"));
                    Ok(())
                }
            };
            if let Err(error) = taken {
                let text = error.to_string();
                self.pass.error = Some(error);
                return Err(A::Error::custom(text));
            }
            index += 1;
        }
        Ok(())
    }
}

/// An element of a list that should hold objects.
enum Element<T> {
    Object(T),
    Other(&'static str),
}

impl<'de, T: DeserializeOwned> serde::Deserialize<'de> for Element<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ElementVisitor(PhantomData))
    }
}

struct ElementVisitor<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for ElementVisitor<T> {
    type Value = Element<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Element::Object)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        IgnoredAny.visit_seq(seq).map(|_| Element::Other("a list"))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Element::Other("a truth value"))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Element::Other("a number"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Element::Other("a number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Element::Other("a number"))
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Element::Other("a text"))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Element::Other("null"))
    }
}

impl<'de> serde::Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ValueSeed { lists: true }.deserialize(deserializer)
    }
}

/// Reads a [`Value`]. A list inside a list is only named.
struct ValueSeed {
    lists: bool,
}

impl<'de> DeserializeSeed<'de> for ValueSeed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        IgnoredAny.visit_map(map).map(|_| Value::Other("an object"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        // One more than is kept, so that the excess is noted.
        while self.lists && elements.len() <= MAX_SIGNERS {
            match seq.next_element_seed(ValueSeed { lists: false })? {
                Some(element) => elements.push(element),
                None => return Ok(Value::List(elements)),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(if self.lists { Value::List(elements) } else { Value::Other("a list") })
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Boolean(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Integer(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Integer(number.into()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Other("a fraction"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Absent)
    }
}
