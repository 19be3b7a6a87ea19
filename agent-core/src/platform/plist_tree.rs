//! A property list as a tree.

use plist::stream::Event;

use crate::bounded_plist::{BoundedPlist, Broken, Limits};

/// Deepest nesting. MDM responses have 5.
const MAX_DEPTH: usize = 16;

/// Values: a profile has some 20. Text and data: what an XML response of the largest size can hold.
const LIMITS: Limits = Limits { depth: MAX_DEPTH, values: 200_000, content: 8 * 1024 * 1024 };

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
    let mut reader = Reader(BoundedPlist::open(input, LIMITS));
    match reader.node()? {
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

struct Reader<'a>(BoundedPlist<'a>);

impl Reader<'_> {
    /// The next value; `None` at the end of the collection around it.
    fn node(&mut self) -> Result<Option<Node>, TreeError> {
        Ok(Some(match self.0.next()? {
            Event::EndCollection => return Ok(None),
            Event::StartArray(_) => self.list()?,
            Event::StartDictionary(_) => self.dictionary()?,
            Event::String(text) => Node::Text(text.into_owned()),
            Event::Boolean(truth) => Node::Boolean(truth),
            Event::Data(data) => Node::Data(data.into_owned()),
            _ => Node::Other,
        }))
    }

    fn list(&mut self) -> Result<Node, TreeError> {
        let mut items = Vec::new();
        while let Some(item) = self.node()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn dictionary(&mut self) -> Result<Node, TreeError> {
        let mut entries = Vec::new();
        while let Some(key) = self.node()? {
            let Node::Text(key) = key else { return Err(syntax("a dictionary key is not a text")) };
            let value = self.node()?.ok_or_else(|| syntax("a key has no value"))?;
            entries.push((key, value));
        }
        let mut names: Vec<_> = entries.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
            return Err(TreeError::DoubleKey);
        }
        Ok(Node::Dictionary(entries))
    }
}

impl From<Broken> for TreeError {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Syntax(why) => Self::Syntax(why),
            Broken::TooDeep => Self::TooDeep,
            Broken::TooMuch => Self::TooMuch,
        }
    }
}

fn syntax(why: impl ToString) -> TreeError {
    TreeError::Syntax(why.to_string())
}
