//! A property list as a tree, XML or binary, within limits of depth, number and size.
//!
//! The plist crate's own tree is not used: a binary plist may name one object many times over, so that a few hundred bytes
//! stand for exponentially many values.

use std::io::Cursor;

use plist::stream::{BinaryReader, Event, OwnedEvent, XmlReader};

/// Deepest nesting. MDM responses have 5.
const MAX_DEPTH: usize = 16;

/// Most values. A profile has some 20.
const MAX_VALUES: u64 = 200_000;

/// Most text and data, in bytes: what an XML response of the largest size can hold.
const MAX_CONTENT: u64 = 8 * 1024 * 1024;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    List(Vec<Node>),
    Dictionary(Vec<(String, Node)>),
    Text(String),
    Boolean(bool),
    Data(Vec<u8>),
    /// A number, a date.
    Other,
}

/// Why there is no tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// Not well-formed.
    #[error("{0}")]
    Syntax(String),
    /// Nested deeper than any response.
    #[error("it is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// A small list that stands for a huge one.
    #[error("it expands to more values or text than any response holds")]
    TooMuch,
    /// A key twice in one dictionary: which one counts would be a guess.
    #[error("a dictionary has a key twice")]
    DoubleKey,
}

/// Parses a property list whose root is a dictionary.
pub(super) fn parse(input: &[u8]) -> Result<Node, TreeError> {
    let source: Box<dyn Iterator<Item = Result<OwnedEvent, plist::Error>> + '_> =
        if input.starts_with(b"bplist00") {
            Box::new(BinaryReader::new(Cursor::new(input)))
        } else {
            Box::new(XmlReader::new(input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input)))
        };
    let mut reader = Reader { source, values_left: MAX_VALUES, content_left: MAX_CONTENT };
    match reader.node(0)? {
        Some(root @ Node::Dictionary(_)) => Ok(root),
        _ => Err(syntax("the root is not a dictionary")),
    }
}

impl Node {
    /// The value at `key`; `None` in what is no dictionary.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Dictionary(entries) = self else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The same, taken out.
    pub(super) fn take(&mut self, key: &str) -> Option<Self> {
        let Self::Dictionary(entries) = self else { return None };
        let at = entries.iter().position(|(name, _)| name == key)?;
        Some(entries.swap_remove(at).1)
    }
}

struct Reader<'a> {
    source: Box<dyn Iterator<Item = Result<OwnedEvent, plist::Error>> + 'a>,
    values_left: u64,
    content_left: u64,
}

impl Reader<'_> {
    /// The next value; `None` at the end of the collection around it.
    fn node(&mut self, depth: usize) -> Result<Option<Node>, TreeError> {
        if depth > MAX_DEPTH {
            return Err(TreeError::TooDeep);
        }
        let event = self.source.next().ok_or_else(|| syntax("it ends early"))?.map_err(syntax)?;
        self.spend(&event)?;
        Ok(Some(match event {
            Event::EndCollection => return Ok(None),
            Event::StartArray(_) => self.list(depth)?,
            Event::StartDictionary(_) => self.dictionary(depth)?,
            Event::String(text) => Node::Text(text.into_owned()),
            Event::Boolean(truth) => Node::Boolean(truth),
            Event::Data(data) => Node::Data(data.into_owned()),
            _ => Node::Other,
        }))
    }

    fn list(&mut self, depth: usize) -> Result<Node, TreeError> {
        let mut items = Vec::new();
        while let Some(item) = self.node(depth + 1)? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn dictionary(&mut self, depth: usize) -> Result<Node, TreeError> {
        let mut entries = Vec::new();
        while let Some(key) = self.node(depth + 1)? {
            let Node::Text(key) = key else { return Err(syntax("a dictionary key is not a text")) };
            let value = self.node(depth + 1)?.ok_or_else(|| syntax("a key has no value"))?;
            entries.push((key, value));
        }
        let mut names: Vec<_> = entries.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
            return Err(TreeError::DoubleKey);
        }
        Ok(Node::Dictionary(entries))
    }

    /// Counts `event` against the limits. What a collection announces counts at once: the reader has already set memory
    /// aside for it.
    fn spend(&mut self, event: &OwnedEvent) -> Result<(), TreeError> {
        let (values, content) = match event {
            Event::StartArray(length) => (length.unwrap_or(0).saturating_add(1), 0),
            Event::StartDictionary(length) => (length.unwrap_or(0).saturating_mul(2).saturating_add(1), 0),
            Event::String(text) => (1, text.len() as u64),
            Event::Data(data) => (1, data.len() as u64),
            _ => (1, 0),
        };
        self.values_left = self.values_left.checked_sub(values).ok_or(TreeError::TooMuch)?;
        self.content_left = self.content_left.checked_sub(content).ok_or(TreeError::TooMuch)?;
        Ok(())
    }
}

fn syntax(why: impl ToString) -> TreeError {
    TreeError::Syntax(why.to_string())
}
