//! What can be wrong with a policy or a text file.

use crate::model::Detection;

/// A policy that cannot be used, with the place and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The file is larger than is read.
    #[error("policy: {bytes} bytes, but at most {limit} are read: shorten it")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The file is not TOML, or not of this shape.
    #[error("policy: {place}{message}")]
    Malformed {
        /// `line 12: `, or empty where the parser gives no place.
        place: String,
        /// The parser's words.
        message: String,
    },
    /// The file has another format.
    #[error("policy: format {found}, but this agent reads format {expected}: update the agent or the file")]
    Format {
        /// What the file says.
        found: i64,
        /// What is read.
        expected: i64,
    },
    /// A parameter makes no sense.
    #[error("policy: parameter {name}: {message}")]
    Parameter {
        /// Its name.
        name: &'static str,
        /// What is wrong.
        message: String,
    },
    /// A row cannot be used.
    #[error("policy: line {line}: detection {row}: {message}")]
    Row {
        /// The line on which the row begins, from 1.
        line: usize,
        /// Its id in quotes, or its number where it has none.
        row: String,
        /// What is wrong.
        message: String,
    },
    /// A detection has no row.
    #[error("policy: no row for \"{0}\": add a [[detection]] with this id")]
    MissingRow(Detection),
    /// A text file cannot be used.
    #[error("policy: texts/{file}: {message}")]
    Texts {
        /// Its name.
        file: &'static str,
        /// What is wrong.
        message: String,
    },
}
