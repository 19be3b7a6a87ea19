//! The logs of Certificate Transparency (RFC 6962), in the form of the public list of logs, version 3.
//!
//! <https://www.gstatic.com/ct/log_list/v3/log_list_schema.json> describes the form. Read of it is what a judgement of
//! SCTs needs; other members are ignored. A log's id is the SHA-256 of its key, so the list's own `log_id` is not read.
//!
//! Which list is used is the organisation's choice. The lists that Chrome and Android publish may not be used to judge
//! in other clients without permission (<https://googlechrome.github.io/CertificateTransparency/log_lists.html>).

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::time::Timestamp;
use super::words::words;

/// The logs that are known, by who operates them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CtLogList {
    /// When the list was made: it goes stale.
    #[serde(rename = "log_list_timestamp", with = "rfc3339")]
    pub timestamp: Timestamp,
    /// Who operates logs.
    pub operators: Vec<CtLogOperator>,
}

/// An operator of logs. Each entry of the list is another operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CtLogOperator {
    /// Its name.
    pub name: String,
    /// Logs with the interface of RFC 6962.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<CtLog>,
    /// Logs with the interface of static-ct-api. Their SCTs are those of RFC 6962.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiled_logs: Vec<CtLog>,
}

/// One log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CtLog {
    /// Its public key.
    pub key: CtLogKey,
    /// Where it is in its life; absent where the list does not tell, or tells a state that is not known here.
    #[serde(default, with = "state", skip_serializing_if = "Option::is_none")]
    pub state: Option<CtLogState>,
    /// The certificates that it takes, by the moment at which they end; all where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temporal_interval: Option<CtInterval>,
    /// Who operated it before, in order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub previous_operators: Vec<CtPreviousOperator>,
}

/// A log's public key: SubjectPublicKeyInfo, DER. Serialized as base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CtLogKey(Vec<u8>);

impl CtLogKey {
    /// A key by its bytes.
    pub const fn from_spki(der: Vec<u8>) -> Self {
        Self(der)
    }

    /// The bytes.
    pub fn as_spki(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for CtLogKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for CtLogKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BASE64_STANDARD.decode(String::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

words! {
    /// The stations in the life of a log.
    pub enum CtLogPhase {
        /// Asks to be taken in.
        Pending = "pending",
        /// Taken in, and not yet known to every client.
        Qualified = "qualified",
        /// In use.
        Usable = "usable",
        /// Takes no more certificates.
        ReadOnly = "readonly",
        /// Trusted for what it took before.
        Retired = "retired",
        /// Never taken in.
        Rejected = "rejected",
    }
}

/// Where a log is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CtLogState {
    /// The station.
    pub phase: CtLogPhase,
    /// Since when.
    pub since: Timestamp,
}

/// A stretch of time, from its first moment up to, and without, its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CtInterval {
    /// The first moment in it.
    #[serde(with = "rfc3339")]
    pub start_inclusive: Timestamp,
    /// The first moment after it.
    #[serde(with = "rfc3339")]
    pub end_exclusive: Timestamp,
}

/// Who operated a log before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CtPreviousOperator {
    /// Its name.
    pub name: String,
    /// Up to when.
    #[serde(with = "rfc3339")]
    pub end_time: Timestamp,
}

/// `{"usable": {"timestamp": "2024-01-01T00:00:00Z"}}`.
mod state {
    use std::collections::BTreeMap;

    use serde::de::IgnoredAny;

    use super::{
        CtLogPhase, CtLogState, Deserialize, Deserializer, Serialize, Serializer, Timestamp, rfc3339,
    };

    #[derive(Serialize, Deserialize)]
    struct Since {
        #[serde(with = "rfc3339")]
        timestamp: Timestamp,
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Entry {
        Since(Since),
        Other(IgnoredAny),
    }

    pub(super) fn serialize<S: Serializer>(
        state: &Option<CtLogState>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(state.iter().map(|state| (state.phase, Since { timestamp: state.since })))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<CtLogState>, D::Error> {
        let mut entries = BTreeMap::<String, Entry>::deserialize(deserializer)?.into_iter();
        let (Some((word, Entry::Since(Since { timestamp: since }))), None) = (entries.next(), entries.next())
        else {
            return Ok(None);
        };
        Ok(word.parse::<CtLogPhase>().ok().map(|phase| CtLogState { phase, since }))
    }
}

/// `2024-01-01T00:00:00Z`.
mod rfc3339 {
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;

    use super::{Deserialize, Deserializer, Serializer, Timestamp};

    pub(super) fn serialize<S: Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(moment)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        let moment = OffsetDateTime::parse(&text, &Rfc3339).map_err(serde::de::Error::custom)?;
        Ok(Timestamp::from_unix(moment.unix_timestamp()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"{
        "version": "1.0",
        "log_list_timestamp": "2027-01-02T03:04:05Z",
        "operators": [{
            "name": "One",
            "email": ["ct@one.example"],
            "logs": [
                {
                    "description": "One 2027",
                    "log_id": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
                    "key": "AQID",
                    "mmd": 86400,
                    "state": {"readonly": {"timestamp": "2026-07-01T00:00:00Z", "final_tree_head": {}}},
                    "temporal_interval": {
                        "start_inclusive": "2027-01-01T00:00:00Z",
                        "end_exclusive": "2028-01-01T00:00:00Z"
                    },
                    "previous_operators": [{"name": "Zero", "end_time": "2026-01-01T00:00:00+01:00"}]
                },
                {"key": "BA==", "state": {"usable": {"timestamp": "2026-07-01T00:00:00Z"}}}
            ],
            "tiled_logs": [{"key": "BQ=="}]
        }]
    }"#;

    fn log(json: &str) -> serde_json::Result<CtLog> {
        serde_json::from_str(json)
    }

    #[test]
    fn the_public_form_is_read_and_what_is_not_needed_of_it_ignored() {
        let list: CtLogList = serde_json::from_str(LIST).unwrap();
        assert_eq!(list.timestamp.to_string(), "2027-01-02T03:04:05Z");
        let [operator] = list.operators.as_slice() else { panic!("one operator") };
        let [first, second] = operator.logs.as_slice() else { panic!("two logs") };
        assert_eq!(first.key.as_spki(), [1, 2, 3]);
        assert_eq!(first.state.map(|state| state.phase), Some(CtLogPhase::ReadOnly));
        assert_eq!(first.temporal_interval.unwrap().end_exclusive.to_string(), "2028-01-01T00:00:00Z");
        assert_eq!(first.previous_operators[0].end_time.to_string(), "2025-12-31T23:00:00Z");
        assert_eq!(second.state.unwrap().since.to_string(), "2026-07-01T00:00:00Z");
        assert_eq!(operator.tiled_logs[0].state, None);
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let list: CtLogList = serde_json::from_str(LIST).unwrap();
        let text = serde_json::to_string(&list).unwrap();
        assert_eq!(serde_json::from_str::<CtLogList>(&text).unwrap(), list);
    }

    #[test]
    fn an_unknown_state_is_none_and_spoils_nothing() {
        for state in [
            r#"{"frozen": {"timestamp": "2026-07-01T00:00:00Z"}}"#,
            r#"{"usable": true}"#,
            r#"{"usable": {"timestamp": "soon"}}"#,
            "{}",
            r#"{"usable": {"timestamp": "2026-07-01T00:00:00Z"}, "retired": {"timestamp": "2026-07-01T00:00:00Z"}}"#,
        ] {
            let log = log(&format!(r#"{{"key": "", "state": {state}}}"#)).unwrap();
            assert_eq!(log.state, None, "{state}");
        }
    }

    #[test]
    fn a_key_or_a_moment_that_is_none_is_refused() {
        assert!(log(r#"{"key": "?"}"#).is_err());
        assert!(log("{}").is_err());
        assert!(
            serde_json::from_str::<CtLogList>(r#"{"log_list_timestamp": "today", "operators": []}"#).is_err()
        );
    }
}
