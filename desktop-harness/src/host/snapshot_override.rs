//! Facts of the network that a file tells in the machine's place (`mtd scan --snapshot`), for tests of what this
//! machine cannot have: a Wi-Fi's name, a permission that is withheld.
//!
//! The file is a JSON object. Its keys are fields of [`NetworkSnapshot`], its values facts:
//! `{"ssid": {"state": "known", "value": "café"}, "neighbours": {"state": "not_permitted", "why": "Android 13"}}`.
//! What it does not name stays as the machine tells it.

use agent_core::model::NetworkSnapshot;

use super::facts_file::{FactsFileError, members, replaceable_facts};

impl SnapshotOverride {
    /// Reads the JSON object.
    pub fn from_json(text: &str) -> Result<Self, FactsFileError> {
        Self::from_members(members(text)?)
    }
}

replaceable_facts! {
    /// The facts of the network that are replaced; none by default.
    pub struct SnapshotOverride of NetworkSnapshot, "no fact of a network", NetworkSnapshot::not_available("not replaced");
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
