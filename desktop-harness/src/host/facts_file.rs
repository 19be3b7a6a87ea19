//! Facts that a file tells in the machine's place: a JSON object of facts by name.

use std::collections::BTreeMap;

use serde_json::Value;

/// Text that is no set of facts.
#[derive(Debug, thiserror::Error)]
pub enum FactsFileError {
    /// Not a JSON object.
    #[error("expected a JSON object of facts: {0}")]
    Json(#[from] serde_json::Error),
    /// A key that names no fact.
    #[error("`{key}` is {what}; those are {}", known.join(", "))]
    UnknownFact {
        /// The key.
        key: String,
        /// What it is not.
        what: &'static str,
        /// The facts that there are.
        known: &'static [&'static str],
    },
    /// A value that is no fact, or not of this kind.
    #[error(
        "`{key}`: {error}; expected {{\"state\": \"known\", \"value\": …}}, or the state \"not_permitted\" or \
         \"not_available\" with a \"why\""
    )]
    WrongValue {
        /// The key.
        key: String,
        /// What is wrong with its value.
        error: serde_json::Error,
    },
    /// A system that the agent does not run on.
    #[error("`platform`: {0}")]
    Platform(String),
}

/// The members of the object in `text`.
pub(super) fn members(text: &str) -> Result<BTreeMap<String, Value>, FactsFileError> {
    Ok(serde_json::from_str(text)?)
}

/// Declares a set of facts that can be replaced one by one: what no loop over the fields of a struct can say.
macro_rules! replaceable_facts {
    (
        $(#[$meta:meta])* $vis:vis struct $name:ident of $facts:ident, $what:literal, $nothing:expr;
        $($fact:ident),+ $(,)?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        $vis struct $name {
            told: $facts,
            names: std::collections::BTreeSet<String>,
        }

        impl Default for $name {
            fn default() -> Self {
                Self { told: $nothing, names: std::collections::BTreeSet::new() }
            }
        }

        impl $name {
            /// Reads the members of the JSON object.
            fn from_members(
                members: std::collections::BTreeMap<String, serde_json::Value>,
            ) -> Result<Self, super::facts_file::FactsFileError> {
                use super::facts_file::FactsFileError;
                let mut replaced = Self::default();
                for (key, fact) in members {
                    match replaced.put(&key, fact) {
                        None => {
                            let known = &[$(stringify!($fact)),+];
                            return Err(FactsFileError::UnknownFact { key, what: $what, known });
                        }
                        Some(Err(error)) => return Err(FactsFileError::WrongValue { key, error }),
                        Some(Ok(())) => replaced.names.insert(key),
                    };
                }
                Ok(replaced)
            }

            /// Puts `fact` into the field called `key`; `None` when there is no such field.
            fn put(&mut self, key: &str, fact: serde_json::Value) -> Option<Result<(), serde_json::Error>> {
                match key {
                    $(stringify!($fact) => {
                        Some(serde_json::from_value(fact).map(|fact| self.told.$fact = fact))
                    })+
                    _ => None,
                }
            }

            /// `own` with the named facts replaced.
            pub fn apply(&self, mut own: $facts) -> $facts {
                $(if self.names.contains(stringify!($fact)) {
                    own.$fact = self.told.$fact.clone();
                })+
                own
            }
        }
    };
}
pub(super) use replaceable_facts;
