//! What two policies differ in.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::composite::Composite;
use super::rows::Policy;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Where: the id of a row, `parameters`, or `composite` and what it makes.
    pub place: String,
    /// Which field of it.
    pub field: String,
    /// The value in the first; null where it has none.
    pub from: Value,
    /// The value in the second; null where it has none.
    pub to: Value,
}

/// What `after` says otherwise than `before`, in the order of the file. The version is no difference of its own.
pub fn diff(before: &Policy, after: &Policy) -> Vec<Change> {
    let parameters = (fields(before.parameters()), fields(after.parameters()));
    let mut changes = compared("parameters", &parameters.0, &parameters.1);
    let composites = |policy: &Policy| -> BTreeMap<_, _> {
        policy.composites().iter().map(|composite| (composite.makes, fields(&normal(composite)))).collect()
    };
    let (old, new) = (composites(before), composites(after));
    let nothing = BTreeMap::new();
    for makes in old.keys().chain(new.keys().filter(|makes| !old.contains_key(makes))) {
        let (old, new) = (old.get(makes).unwrap_or(&nothing), new.get(makes).unwrap_or(&nothing));
        changes.extend(compared(&format!("composite {makes}"), old, new));
    }
    for (old, new) in before.rows().zip(after.rows()) {
        changes.extend(compared(old.id.as_str(), &fields(old), &fields(new)));
    }
    changes
}

/// The order of parts says nothing.
fn normal(composite: &Composite) -> Composite {
    let mut composite = composite.clone();
    composite.all.sort();
    composite.any.sort();
    composite
}

fn fields(row: &impl Serialize) -> BTreeMap<String, Value> {
    match serde_json::to_value(row) {
        Ok(Value::Object(object)) => object.into_iter().collect(),
        _ => BTreeMap::new(),
    }
}

fn compared(place: &str, from: &BTreeMap<String, Value>, to: &BTreeMap<String, Value>) -> Vec<Change> {
    let names = from.keys().chain(to.keys().filter(|name| !from.contains_key(*name)));
    let value =
        |fields: &BTreeMap<String, Value>, name: &str| fields.get(name).cloned().unwrap_or(Value::Null);
    let changes = names.map(|name| Change {
        place: place.to_owned(),
        field: name.clone(),
        from: value(from, name),
        to: value(to, name),
    });
    changes.filter(|change| change.from != change.to).collect()
}
