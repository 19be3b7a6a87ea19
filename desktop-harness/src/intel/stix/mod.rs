//! STIX 2.0 and 2.1 bundles: indicators, and what they indicate.
//!
//! Relationships are followed one step, from an indicator to what it indicates, so cycles lead nowhere. What is not an
//! indicator, or of no use without one, is left alone; an indicator that cannot be used is rejected under its id.

mod lexer;
pub(crate) mod lower;
pub(crate) mod pattern;

use std::collections::{BTreeMap, BTreeSet};

use agent_core::model::{ThreatCategory, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value as Json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::collect::{About, Sink};

/// Most things that one indicator is taken to indicate.
const MAX_TARGETS: usize = 8;

#[derive(Deserialize)]
struct Bundle {
    #[serde(default)]
    objects: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Object(Box<Object>),
    Other(IgnoredAny),
}

/// The properties that are looked at, whatever their types: one odd object must not cost the others.
#[derive(Deserialize)]
struct Object {
    #[serde(default)]
    r#type: Json,
    #[serde(default)]
    id: Json,
    #[serde(default)]
    name: Json,
    #[serde(default)]
    pattern: Json,
    #[serde(default)]
    pattern_type: Json,
    #[serde(default)]
    revoked: Json,
    #[serde(default)]
    valid_from: Json,
    #[serde(default)]
    valid_until: Json,
    #[serde(default)]
    confidence: Json,
    #[serde(default)]
    labels: Json,
    #[serde(default)]
    malware_types: Json,
    #[serde(default)]
    indicator_types: Json,
    #[serde(default)]
    external_references: Json,
    #[serde(default)]
    relationship_type: Json,
    #[serde(default)]
    source_ref: Json,
    #[serde(default)]
    target_ref: Json,
}

/// Whether a text is a STIX bundle: a JSON object.
pub(super) fn is_stix(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// Reads a bundle. Fails only where the whole is no JSON, or no bundle.
pub(super) fn read(text: &str, sink: &mut Sink<'_>) -> Result<(), String> {
    let bundle: Bundle = serde_json::from_str(text).map_err(|error| format!("not a STIX bundle: {error}"))?;
    if bundle.objects.is_empty() {
        return Err("not a STIX bundle: it has no objects".to_owned());
    }
    let mut objects = Vec::new();
    for (at, entry) in bundle.objects.iter().enumerate() {
        match entry {
            Entry::Object(object) => objects.push((at, &**object)),
            Entry::Other(_) => sink.reject(format!("object {at}"), "not an object"),
        }
    }
    let graph = Graph::of(&objects);
    for (at, object) in objects {
        match object.r#type.as_str() {
            Some("indicator") => indicator(&graph, at, object, sink),
            Some(_) => {}
            None => sink.reject(place(at, object), "it has no type"),
        }
    }
    Ok(())
}

/// The indicator's id, else its place in the bundle.
fn place(at: usize, object: &Object) -> String {
    object.id.as_str().map_or_else(|| format!("object {at}"), str::to_owned)
}

/// What indicators indicate.
struct Graph<'a> {
    threats: BTreeMap<&'a str, &'a Object>,
    indicates: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Graph<'a> {
    fn of(objects: &[(usize, &'a Object)]) -> Self {
        let mut graph = Self { threats: BTreeMap::new(), indicates: BTreeMap::new() };
        for (_, object) in objects {
            if is_revoked(object) {
                continue;
            }
            match object.r#type.as_str() {
                Some("malware" | "tool" | "campaign" | "intrusion-set" | "threat-actor") => {
                    if let Some(id) = object.id.as_str() {
                        graph.threats.insert(id, object);
                    }
                }
                Some("relationship") if object.relationship_type == "indicates" => {
                    if let (Some(from), Some(to)) = (object.source_ref.as_str(), object.target_ref.as_str()) {
                        graph.indicates.entry(from).or_default().insert(to);
                    }
                }
                _ => {}
            }
        }
        graph
    }

    /// What `id` indicates: malware and tools where there are any, else those behind them.
    fn targets(&self, id: &str) -> Vec<&'a Object> {
        let all = self.indicates.get(id).into_iter().flatten().filter_map(|to| self.threats.get(to).copied());
        let (exact, behind): (Vec<_>, Vec<_>) =
            all.partition(|it| it.r#type == "malware" || it.r#type == "tool");
        let mut targets = if exact.is_empty() { behind } else { exact };
        targets.truncate(MAX_TARGETS);
        targets
    }
}

fn is_revoked(object: &Object) -> bool {
    object.revoked == true
}

fn indicator(graph: &Graph<'_>, at: usize, object: &Object, sink: &mut Sink<'_>) {
    let place = place(at, object);
    if is_revoked(object) {
        return sink.lapsed();
    }
    if object.pattern_type.as_str().is_some_and(|it| it != "stix") {
        return sink
            .reject(place, format!("its pattern is in the language {}, not stix", object.pattern_type));
    }
    let Some(text) = object.pattern.as_str() else { return sink.reject(place, "it has no pattern") };
    if words(&object.indicator_types).chain(words(&object.labels)).any(|it| it == "benign") {
        return sink.reject(place, "it indicates what is benign");
    }
    let (from, until) = match (moment(&object.valid_from), moment(&object.valid_until)) {
        (Ok(from), Ok(until)) => (from, until),
        (Err(why), _) => return sink.reject(place, format!("valid_from: {why}")),
        (_, Err(why)) => return sink.reject(place, format!("valid_until: {why}")),
    };
    if until.is_some_and(|until| until <= sink.now()) {
        return sink.lapsed();
    }
    let pattern = match pattern::parse(text) {
        Ok(pattern) => pattern,
        Err(why) => return sink.reject(place, format!("its pattern cannot be read: {why}")),
    };
    let lowered = lower::lower(&pattern);
    for why in lowered.cannot {
        sink.reject(place.clone(), why);
    }
    let abouts = abouts(graph, object, sink);
    for (value, bounds) in lowered.values {
        for about in &abouts {
            let mut about = about.clone();
            about.valid_from = from.max(bounds.from);
            about.valid_until = [until, bounds.until].into_iter().flatten().min();
            sink.add_value(value.clone(), &about);
        }
    }
}

fn words(json: &Json) -> impl Iterator<Item = &str> {
    json.as_array().into_iter().flatten().filter_map(Json::as_str)
}

fn moment(json: &Json) -> Result<Option<Timestamp>, String> {
    match json {
        Json::Null => Ok(None),
        Json::String(text) => timestamp(text).map(Some),
        _ => Err("not a moment".to_owned()),
    }
}

/// A moment of RFC 3339; fractions of a second are dropped.
pub(super) fn timestamp(text: &str) -> Result<Timestamp, String> {
    let moment = OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| format!("\"{text}\" is not a moment of RFC 3339"))?;
    Ok(Timestamp::from_unix(moment.unix_timestamp()))
}

/// What is said of the values of an indicator: one for each thing that it indicates.
fn abouts(graph: &Graph<'_>, object: &Object, sink: &Sink<'_>) -> Vec<About> {
    let confidence = object.confidence.as_u64().and_then(|it| u8::try_from(it).ok()).filter(|it| *it <= 100);
    let about = |threat: Option<&Object>| {
        let mut about = sink.about();
        about.confidence = confidence;
        let named = threat.unwrap_or(object);
        if let Some(name) = named.name.as_str().filter(|name| !name.is_empty()) {
            about.family = name.to_owned();
        }
        if let Some(category) = threat.map_or_else(|| from_words(object), category) {
            about.category = category;
        }
        about.reference = reference(object).or_else(|| threat.and_then(reference)).or_else(|| id(named));
        about
    };
    let targets = graph.targets(object.id.as_str().unwrap_or_default());
    match targets.as_slice() {
        [] => vec![about(None)],
        targets => targets.iter().map(|threat| about(Some(threat))).collect(),
    }
}

fn id(object: &Object) -> Option<String> {
    object.id.as_str().map(str::to_owned)
}

fn reference(object: &Object) -> Option<String> {
    let references = object.external_references.as_array()?;
    references.iter().find_map(|it| it.get("url")?.as_str()).map(str::to_owned)
}

fn category(threat: &Object) -> Option<ThreatCategory> {
    // A tool is software that has honest uses (STIX 2.1, section 4.16).
    if threat.r#type == "tool" {
        return Some(ThreatCategory::DualUse);
    }
    from_words(threat)
}

/// By the vocabularies of STIX (`malware-type-ov`, `indicator-type-ov`) and the words that feeds use beside them.
fn from_words(object: &Object) -> Option<ThreatCategory> {
    let words =
        words(&object.malware_types).chain(words(&object.indicator_types)).chain(words(&object.labels));
    words.map(str::to_ascii_lowercase).find_map(|word| super::category_of(&word))
}
