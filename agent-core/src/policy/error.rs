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
    /// A parameter has no use here, is missing, or makes no sense.
    #[error("policy: parameter {name}: {message}")]
    Parameter {
        /// Its name.
        name: String,
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
    /// A row names a detection that this agent does not know.
    #[error(
        "policy: line {line}: {row}: this agent knows no detection \"{id}\": correct the id, or update the agent"
    )]
    UnknownDetection {
        /// The line on which the row begins, from 1.
        line: usize,
        /// `detection`, or the composite that names it.
        row: String,
        /// The id.
        id: String,
    },
    /// The file has a parameter that this agent does not know.
    #[error("policy: this agent knows no parameter \"{0}\": correct the name, or update the agent")]
    UnknownParameter(String),
    /// A parameter is missing.
    #[error("policy: [parameters] lacks \"{0}\": add it")]
    MissingParameter(&'static str),
    /// A composite finding cannot be used.
    #[error("policy: line {line}: composite {row}: {message}")]
    Composite {
        /// The line on which the row begins, from 1.
        line: usize,
        /// What it makes in quotes, or its number where it does not say.
        row: String,
        /// What is wrong.
        message: String,
    },
    /// Nothing says what a composite finding is made of.
    #[error("policy: nothing makes \"{0}\": add a [[composite]] that does")]
    MissingComposite(Detection),
    /// The file was signed as another version than it states.
    #[error("policy: the file states version {stated}, but was signed as version {signed}: sign it again")]
    Version {
        /// In the file.
        stated: u32,
        /// In the signature.
        signed: u32,
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

impl PolicyError {
    /// The line of the file, where it is about one.
    pub const fn line(&self) -> Option<usize> {
        match self {
            Self::Row { line, .. } | Self::Composite { line, .. } | Self::UnknownDetection { line, .. } => {
                Some(*line)
            }
            _ => None,
        }
    }

    /// Whether this only shows that the file was written for another version of the agent.
    pub const fn is_of_another_version(&self) -> bool {
        matches!(
            self,
            Self::UnknownDetection { .. }
                | Self::UnknownParameter(_)
                | Self::MissingParameter(_)
                | Self::MissingComposite(_)
                | Self::MissingRow(_)
        )
    }
}
