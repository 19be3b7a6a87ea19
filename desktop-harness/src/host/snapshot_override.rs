//! Facts of the network that a file tells in the machine's place (`mtd scan --snapshot`), for tests of what this
//! machine cannot have: a Wi-Fi's name, a permission that is withheld.
//!
//! The file is a JSON object. Its keys are fields of [`NetworkSnapshot`], its values facts:
//! `{"ssid": {"state": "known", "value": "café"}, "neighbours": {"state": "not_permitted", "why": "Android 13"}}`.
//! What it does not name stays as the machine tells it.

use std::collections::{BTreeMap, BTreeSet};

use agent_core::model::NetworkSnapshot;
use serde_json::Value;

/// The facts that are replaced; none by default.
#[derive(Clone, Debug)]
pub struct SnapshotOverride {
    told: NetworkSnapshot,
    names: BTreeSet<String>,
}

impl Default for SnapshotOverride {
    fn default() -> Self {
        Self { told: NetworkSnapshot::not_available("not replaced"), names: BTreeSet::new() }
    }
}

/// Text that is no set of facts.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotOverrideError {
    /// Not a JSON object.
    #[error("expected a JSON object of facts: {0}")]
    Json(#[from] serde_json::Error),
    /// A key that names no fact.
    #[error("`{key}` is no fact of a network; those are {}", NAMES.join(", "))]
    UnknownFact {
        /// The key.
        key: String,
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
}

impl SnapshotOverride {
    /// Reads the JSON object.
    pub fn from_json(text: &str) -> Result<Self, SnapshotOverrideError> {
        let facts: BTreeMap<String, Value> = serde_json::from_str(text)?;
        let mut replaced = Self::default();
        for (key, fact) in facts {
            match read(&mut replaced.told, &key, fact) {
                None => return Err(SnapshotOverrideError::UnknownFact { key }),
                Some(Err(error)) => return Err(SnapshotOverrideError::WrongValue { key, error }),
                Some(Ok(())) => replaced.names.insert(key),
            };
        }
        Ok(replaced)
    }
}

/// Writes out for every fact what no loop over the fields of a struct can say.
macro_rules! facts {
    ($($name:ident),+ $(,)?) => {
        const NAMES: &[&str] = &[$(stringify!($name)),+];

        /// Puts `fact` into the field called `key`; `None` when there is no such field.
        fn read(into: &mut NetworkSnapshot, key: &str, fact: Value) -> Option<Result<(), serde_json::Error>> {
            match key {
                $(stringify!($name) => Some(serde_json::from_value(fact).map(|fact| into.$name = fact)),)+
                _ => None,
            }
        }

        impl SnapshotOverride {
            /// `snapshot` with the named facts replaced.
            pub fn apply(&self, snapshot: NetworkSnapshot) -> NetworkSnapshot {
                // Without `..`, so that a new fact does not compile until it is listed below.
                let NetworkSnapshot { $($name),+ } = snapshot;
                let named = |name: &str| self.names.contains(name);
                NetworkSnapshot {
                    $($name: if named(stringify!($name)) { self.told.$name.clone() } else { $name }),+
                }
            }
        }
    };
}

facts! {
    name, gateways, dns_servers, proxies, vpns, captive, private_dns, transport, ssid, bssid, security,
    neighbours, dhcp_server, nat64_prefix, portal_api, metered,
}

#[cfg(test)]
mod tests {
    use agent_core::model::{Fact, Transport};

    use super::*;

    #[test]
    fn only_the_named_facts_are_replaced() {
        let text = r#"{
            "ssid": {"state": "known", "value": "café"},
            "transport": {"state": "known", "value": "wifi"},
            "neighbours": {"state": "not_permitted", "why": "withheld"}
        }"#;
        let machine = NetworkSnapshot {
            name: Fact::known("eth0".to_owned()),
            neighbours: Fact::known(vec![]),
            ..NetworkSnapshot::not_available("the machine's own word")
        };
        let expected = NetworkSnapshot {
            ssid: Fact::known("café".to_owned()),
            transport: Fact::known(Transport::Wifi),
            neighbours: Fact::not_permitted("withheld"),
            ..machine.clone()
        };
        assert_eq!(SnapshotOverride::from_json(text).unwrap().apply(machine), expected);
    }

    #[test]
    fn nothing_is_replaced_by_default() {
        let machine = NetworkSnapshot::not_available("the machine's own word");
        assert_eq!(SnapshotOverride::default().apply(machine.clone()), machine);
    }

    #[test]
    fn every_fact_can_be_replaced() {
        let snapshot = serde_json::to_value(NetworkSnapshot::not_available("withheld")).unwrap();
        let replaced = SnapshotOverride::from_json(&snapshot.to_string()).unwrap();
        let applied = replaced.apply(NetworkSnapshot::not_available("the machine's own word"));
        assert_eq!(serde_json::to_value(applied).unwrap(), snapshot);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (text, named) in [
            (
                r#"{"portal": {"state": "known", "value": "x"}}"#,
                "`portal` is no fact of a network; those are name,",
            ),
            (r#"{"bssid": {"state": "known", "value": "02:00"}}"#, "`bssid`: expected a hardware address"),
            (r#"{"ssid": "café"}"#, "`ssid`: "),
            (r#"{"ssid": {"state": "known"}}"#, "`ssid`: missing field `value`"),
            (r#"{"ssid": {"state": "guessed"}}"#, "`ssid`: unknown variant `guessed`"),
            ("[]", "expected a JSON object of facts"),
        ] {
            let error = SnapshotOverride::from_json(text).unwrap_err().to_string();
            assert!(error.starts_with(named), "{error}");
        }
    }
}
