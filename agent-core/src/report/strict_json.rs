//! JSON for signed content: no object may hold a member twice (RFC 8725, section 2.4), at any depth.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

/// Reads `json` as `T`, refusing duplicate members and anything after the value. serde_json itself refuses
/// nesting deeper than 128.
pub fn from_slice<T: DeserializeOwned>(json: &[u8]) -> Result<T, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    serde::Deserialize::deserialize(&mut deserializer).map(|UniqueMembers| ())?;
    deserializer.end()?;
    serde_json::from_slice(json)
}

/// Reads `json` as [`from_slice`] does, refusing whatever is no object: serde reads a list of the right values as the
/// members of a struct.
pub fn object_from_slice<T: DeserializeOwned>(json: &[u8]) -> Result<T, serde_json::Error> {
    match json.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => from_slice(json),
        _ => Err(serde_json::Error::custom(NO_OBJECT)),
    }
}

/// What is wrong, without repeating values: signed content may be personal, and an error may be logged.
pub fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if NAMES_NO_VALUE.iter().any(|start| text.starts_with(start)) {
        return text;
    }
    let what = match error.classify() {
        Category::Syntax | Category::Eof | Category::Io => "not JSON",
        Category::Data => "a value of the wrong kind",
    };
    format!("{what} at line {} column {}", error.line(), error.column())
}

/// How messages begin that hold nothing but names from our own types.
const NAMES_NO_VALUE: [&str; 5] =
    ["missing field", "duplicate field", REPEATED_MEMBER, FORBIDDEN_MEMBER, NO_OBJECT];

/// For a member that a type must not have: begin the message with this, and give no value.
pub const FORBIDDEN_MEMBER: &str = "forbidden member";

const NO_OBJECT: &str = "not a JSON object";

/// The member is not named: it is whatever the sender wrote.
const REPEATED_MEMBER: &str = "a member appears twice";

/// Any JSON value in which no object repeats a member.
struct UniqueMembers;

impl<'de> serde::Deserialize<'de> for UniqueMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = UniqueMembers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without repeated members")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !seen.insert(name) {
                return Err(A::Error::custom(REPEATED_MEMBER));
            }
            map.next_value::<UniqueMembers>()?;
        }
        Ok(UniqueMembers)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<UniqueMembers>()?.is_some() {}
        Ok(UniqueMembers)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(UniqueMembers)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(UniqueMembers)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(UniqueMembers)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(UniqueMembers)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(UniqueMembers)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(UniqueMembers)
    }
}
