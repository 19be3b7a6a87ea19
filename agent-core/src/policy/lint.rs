//! What an administrator should mend before a policy or a list of changes goes out.
//!
//! An agent is more lenient than this: a change that it cannot use is left out, and of contradictory ones the later
//! holds, because a device must have an answer.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::document;
use super::error::PolicyError;
use super::overrides;
use crate::model::{Detection, PolicyOverride, Timestamp};

/// Longest time to mend, in hours: a year. More is no grace, but another severity.
const MAX_GRACE_HOURS: u32 = 365 * 24;

/// Everything that is wrong with a policy file; empty where nothing is.
pub fn lint(toml: &str) -> Vec<PolicyError> {
    document::problems(toml)
}

/// Something wrong with one change of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OverrideProblem {
    /// Its place in the list, from 1.
    pub number: usize,
    /// What it says it changes: `app.sideloaded`, with the subject where it names one; empty where it names no row.
    pub id: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for OverrideProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id.as_str() {
            "" => write!(f, "override {}: {}", self.number, self.message),
            id => write!(f, "override {} of {id}: {}", self.number, self.message),
        }
    }
}

/// The list of changes in a JSON document: the document itself, or its `policy_overrides`, at the top or in `device`
/// (settings, as files and consoles have them). `None` where there is no such list.
pub fn overrides_in(document: &Value) -> Option<&Vec<Value>> {
    let places = ["", "/policy_overrides", "/device/policy_overrides"];
    places.iter().find_map(|place| document.pointer(place)?.as_array())
}

/// Everything that is wrong at `now` with a list of changes, in JSON; empty where nothing is.
pub fn lint_overrides(list: &[Value], now: Timestamp) -> Vec<OverrideProblem> {
    let mut problems = Vec::new();
    let mut seen: BTreeMap<(Detection, Option<String>), (usize, PolicyOverride)> = BTreeMap::new();
    for (index, value) in list.iter().enumerate() {
        let number = index + 1;
        let change = match read(value) {
            Ok(change) => change,
            Err(message) => {
                problems.push(OverrideProblem { number, id: named(value), message });
                continue;
            }
        };
        let mut messages = faults(&change, now);
        let key = (change.detection, change.subject.clone());
        if let Some((earlier, other)) = seen.get(&key) {
            let same = PolicyOverride { reason: other.reason.clone(), ..change.clone() } == *other;
            let what = if same { "repeats" } else { "contradicts" };
            messages.push(format!("{what} override {earlier}, and takes its place: keep one"));
        }
        seen.insert(key, (number, change));
        let id = named(value);
        problems.extend(messages.into_iter().map(|message| OverrideProblem {
            number,
            id: id.clone(),
            message,
        }));
    }
    problems
}

/// Reads one change strictly: a field that is misspelt would silently do nothing.
fn read(value: &Value) -> Result<PolicyOverride, String> {
    const FIELDS: [&str; 7] =
        ["detection", "subject", "severity", "ignore", "grace_hours", "expires", "reason"];
    let object = value.as_object().ok_or("is no object: expected { \"detection\": …, \"reason\": … }")?;
    if let Some(unknown) = object.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        return Err(format!("has an unknown field \"{unknown}\": expected {}", FIELDS.join(", ")));
    }
    if let Some(id) = object.get("detection").and_then(Value::as_str)
        && id.parse::<Detection>().is_err()
    {
        return Err(format!("no detection is called \"{id}\": `mtd policy show` lists them"));
    }
    PolicyOverride::deserialize(value).map_err(|error| error.to_string())
}

fn faults(change: &PolicyOverride, now: Timestamp) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |is_wrong: bool, message: String| {
        if is_wrong {
            faults.push(message);
        }
    };
    let says_nothing = change.severity.is_none() && !change.ignore && change.grace_hours.is_none();
    fault(says_nothing, "changes nothing: give severity, ignore or grace_hours, or take it out".to_owned());
    let says_more = change.ignore && (change.severity.is_some() || change.grace_hours.is_some());
    fault(
        says_more,
        "contradicts itself: what is ignored has no severity and needs no grace_hours: keep one".to_owned(),
    );
    fault(
        change.reason.trim().is_empty(),
        "reason is empty: users and administrators are shown it".to_owned(),
    );
    let nameless = change.subject.as_ref().is_some_and(|subject| subject.trim().is_empty());
    fault(nameless, "subject is empty: leave it out to mean all of the row".to_owned());
    fault(change.grace_hours == Some(0), "grace_hours is 0: leave it out".to_owned());
    fault(
        change.grace_hours.is_some_and(|hours| hours > MAX_GRACE_HOURS),
        format!("grace_hours is above {MAX_GRACE_HOURS}, a year: change the severity instead"),
    );
    if let Some(expires) = change.expires.filter(|_| !overrides::holds(change, now)) {
        fault(true, format!("has expired at {expires}: take it out"));
    }
    faults
}

fn named(value: &Value) -> String {
    let field = |name| value.get(name).and_then(Value::as_str);
    match (field("detection"), field("subject")) {
        (Some(id), Some(subject)) => format!("{id} ({subject})"),
        (Some(id), None) => id.to_owned(),
        (None, _) => String::new(),
    }
}
