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
pub(super) struct Facts {
    /// What members must be, by the names under which rules ask for it.
    pub(super) known: BTreeMap<&'static str, String>,
    /// The life of the stage.
    pub(super) time: (Timestamp, Timestamp),
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
    pub(super) fn normalize(&mut self, token: &Value, facts: &Facts) -> Value {
        self.walk(&mut Vec::new(), token, facts).unwrap_or(Value::Null)
    }

    fn walk<'v>(&mut self, path: &mut Vec<Step<'v>>, value: &'v Value, facts: &Facts) -> Option<Value> {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn normal(document: &Value) -> Value {
        Normalizer::new().unwrap().normalize(document, &facts())
    }

    fn facts() -> Facts {
        Facts {
            known: BTreeMap::from([("issuer of the device", "https://c/d".to_owned())]),
            time: (Timestamp::from_unix(10_000), Timestamp::from_unix(20_000)),
        }
    }

    #[test]
    fn every_rule_says_where_and_why() {
        let rules = Normalizer::new().unwrap().rules;
        let begins_well = |rule: &Rule| rule.at.starts_with("header/") || rule.at.starts_with("claims/");
        assert!(rules.iter().all(|rule| begins_well(rule) && rule._why.len() > 10));
        let mut places: Vec<_> = rules.iter().map(|rule| &rule.at).collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), rules.len(), "one rule a place");
    }

    #[test]
    fn what_no_rule_names_is_told() {
        let token =
            json!({ "claims": { "mtd_seq": 7, "events": { "e": { "level": "high", "new": [1, null] } } } });
        assert_eq!(normal(&token), token);
    }

    #[test]
    fn value_that_is_not_what_it_must_be_is_told_with_what_it_must_be() {
        let claims = |iss: &str, iat: i64| json!({ "claims": { "iss": iss, "iat": iat } });
        assert_eq!(
            normal(&claims("https://c/d", 10_000 - SKEW)),
            json!({ "claims": { "iss": "issuer of the device", "iat": "time" } })
        );
        assert_eq!(
            normal(&claims("https://c/e", 20_001 + SKEW)),
            json!({ "claims": {
                "iss": "WRONG, not \"issuer of the device\": \"https://c/e\"",
                "iat": "WRONG, not \"time\": 20601",
            } })
        );
        let unexpected = json!({ "claims": { "mtd_prev": "x" } });
        assert_eq!(
            normal(&unexpected)["claims"]["mtd_prev"],
            "WRONG, not \"digest of the token before\": \"x\"",
            "the first token has none before it"
        );
    }

    #[test]
    fn values_that_are_random_keep_what_they_have_in_common() {
        let mut normalizer = Normalizer::new().unwrap();
        let told = ["x", "y", "x"].map(|txn| {
            let token = json!({ "claims": { "txn": txn, "jti": txn } });
            normalizer.normalize(&token, &facts())["claims"].take()
        });
        let numbered = |number: u8| json!({ "txn": format!("txn-{number}"), "jti": format!("jti-{number}") });
        assert_eq!(told, [numbered(1), numbered(2), numbered(1)]);
    }

    #[test]
    fn what_is_the_platforms_is_left_out_and_nothing_else() {
        let report = json!({
            "posture": { "platform": "linux" },
            "coverage": [{ "check": "network.captive", "state": "complete" }, { "check": "device.debugging" }],
            "findings": [
                { "detection": "device.debugging_on", "reason": "a" },
                { "detection": "network.tls_interception", "reason": "b", "detected_at": 1 },
                { "detection": "app.malicious", "reason": "c",
                  "evidence": [{ "name": "installer", "value": "d" }, { "name": "family", "value": "e" }] },
            ],
            "inventory": { "withheld": 3, "apps": [
                { "id": "com.example.notes", "version": "7", "bundle_size": 1, "source": "dpkg" },
                { "id": "com.android.shell" }, { "name": "no identifier" },
            ] },
        });
        let told = normal(&json!({ "claims": { "events": { "https://e/x": report } } }));
        assert_eq!(
            told["claims"]["events"]["https://e/x"],
            json!({
                "coverage": [{ "check": "network.captive", "state": "complete" }],
                "findings": [
                    { "detection": "network.tls_interception", "detected_at": "WRONG, not \"time\": 1" },
                    { "detection": "app.malicious", "reason": "c",
                      "evidence": [{ "name": "family", "value": "e" }] },
                ],
                "inventory": { "withheld": "some", "apps": [{ "id": "com.example.notes", "version": "7" }] },
            })
        );
        assert_eq!(
            normal(&json!({ "claims": { "events": { "e": { "inventory": { "withheld": 0 } } } } })),
            json!({ "claims": { "events": { "e": { "inventory": { "withheld": 0 } } } } })
        );
    }
}
