//! The normal form of a token: told by a table of rules, `rules.toml`, which says what each does and why it is there.

use std::collections::BTreeMap;

use agent_core::model::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::CliError;

const RULES: &str = include_str!("rules.toml");

/// How far a device's clock may be off, in seconds: what the connector grants.
const SKEW: i64 = 10 * 60;

/// What a token is compared with.
pub(super) struct Facts<'a> {
    /// By the names under which rules ask for them.
    pub(super) known: BTreeMap<&'static str, String>,
    /// The life of the stage.
    pub(super) time: (Timestamp, Timestamp),
    /// The `mtd_prev` that is right.
    pub(super) previous: Option<String>,
    /// Digests of the shared apps before and after this token.
    pub(super) inventories: &'a [String],
}

/// Brings the tokens of one device into their normal form, in the order in which they were signed.
pub(super) struct Normalizer {
    rules: Vec<Rule>,
    /// The values that were numbered, by the name they go under.
    numbered: BTreeMap<String, Vec<String>>,
}

impl Normalizer {
    pub(super) fn new() -> Result<Self, CliError> {
        let Table { rules } = toml::from_str(RULES)?;
        Ok(Self { rules, numbered: BTreeMap::new() })
    }

    /// The normal form of `token`, an object of header and claims. What a rule finds wrong is told in its place, with
    /// the value, so that a comparison shows both.
    pub(super) fn normalize(&mut self, token: &Value, facts: &Facts<'_>) -> Value {
        self.walk(&mut Vec::new(), token, facts).unwrap_or(Value::Null)
    }

    fn walk<'v>(&mut self, path: &mut Vec<Step<'v>>, value: &'v Value, facts: &Facts<'_>) -> Option<Value> {
        let action = self.rules.iter().find(|rule| rule.fits(path)).map(|rule| rule.action.clone());
        let kept = match action {
            None => Keep::All,
            Some(Action::Omit) => return None,
            Some(Action::Known { is }) => {
                let known = facts.known.get(is.as_str()).map(String::as_str);
                return Some(compared(value, known.is_some() && value.as_str() == known, &is));
            }
            Some(Action::Number { name }) => return Some(self.number(&name, value)),
            Some(Action::Time) => {
                let (from, to) = facts.time;
                let fits = value
                    .as_i64()
                    .map(Timestamp::from_unix)
                    .is_some_and(|time| (from.plus_seconds(-SKEW)..=to.plus_seconds(SKEW)).contains(&time));
                return Some(compared(value, fits, "time"));
            }
            Some(Action::Previous) => {
                let previous = facts.previous.as_deref();
                return Some(compared(value, previous.is_some() && value.as_str() == previous, "ok"));
            }
            Some(Action::Inventory) => {
                let fits = value.as_str().is_some_and(|found| facts.inventories.iter().any(|it| it == found));
                return Some(compared(value, fits, "ok"));
            }
            Some(Action::Whether) => {
                let some = value.as_u64().is_some_and(|count| count > 0);
                return Some(if some { "some".into() } else { value.clone() });
            }
            Some(Action::Keep { member, of }) => Keep::Items { member, of },
            Some(Action::Members { of }) => Keep::Members { of },
        };
        Some(match value {
            Value::Object(members) => {
                let mut normal = Map::new();
                for (name, member) in members.iter().filter(|(name, _)| kept.member(name)) {
                    path.push(Step { name, value: member });
                    normal.extend(self.walk(path, member, facts).map(|member| (name.clone(), member)));
                    path.pop();
                }
                Value::Object(normal)
            }
            Value::Array(items) => {
                let mut normal = Vec::new();
                for item in items.iter().filter(|item| kept.item(item)) {
                    path.push(Step { name: "", value: item });
                    normal.extend(self.walk(path, item, facts));
                    path.pop();
                }
                Value::Array(normal)
            }
            scalar => scalar.clone(),
        })
    }

    fn number(&mut self, name: &str, value: &Value) -> Value {
        let seen = self.numbered.entry(name.to_owned()).or_default();
        let text = value.to_string();
        let index = seen.iter().position(|known| *known == text).unwrap_or_else(|| {
            seen.push(text);
            seen.len() - 1
        });
        format!("{name}-{}", index + 1).into()
    }
}

/// What is told of a value that was compared with what it must be.
fn compared(value: &Value, fits: bool, told: &str) -> Value {
    if fits { told.into() } else { format!("WRONG, not \"{told}\": {value}").into() }
}

/// One step of the way to a value: a member by name, or an item of a list.
struct Step<'v> {
    name: &'v str,
    value: &'v Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(rename = "rule")]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    at: String,
    /// For readers of the table, who must not be left without it.
    #[serde(rename = "why")]
    _why: String,
    #[serde(flatten)]
    action: Action,
}

impl Rule {
    fn fits(&self, path: &[Step<'_>]) -> bool {
        let patterns: Vec<_> = self.at.split('/').collect();
        patterns.len() == path.len() && patterns.iter().zip(path).all(|(pattern, step)| step.fits(pattern))
    }
}

impl Step<'_> {
    fn fits(&self, pattern: &str) -> bool {
        let Some((member, wanted)) = pattern.split_once('=') else {
            return pattern == "*" || pattern == self.name;
        };
        let found = self.value.get(member).and_then(Value::as_str);
        found.is_some_and(|found| match wanted.strip_suffix('*') {
            Some(beginning) => found.starts_with(beginning),
            None => found == wanted,
        })
    }
}

#[derive(Clone, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Action {
    Omit,
    Known {
        is: String,
    },
    Number {
        #[serde(rename = "as")]
        name: String,
    },
    Time,
    Previous,
    Inventory,
    Whether,
    Keep {
        member: String,
        of: Vec<String>,
    },
    Members {
        of: Vec<String>,
    },
}

/// What is left of an object or a list.
enum Keep {
    All,
    Items { member: String, of: Vec<String> },
    Members { of: Vec<String> },
}

impl Keep {
    fn member(&self, name: &str) -> bool {
        match self {
            Self::Members { of } => of.iter().any(|kept| kept == name),
            Self::All | Self::Items { .. } => true,
        }
    }

    fn item(&self, item: &Value) -> bool {
        match self {
            Self::Items { member, of } => {
                let found = item.get(member).and_then(Value::as_str);
                found.is_some_and(|found| of.iter().any(|kept| kept == found))
            }
            Self::All | Self::Members { .. } => true,
        }
    }
}
