//! Where readers put what they find, and what they have to leave out.

use std::collections::{BTreeMap, BTreeSet};

use agent_core::intel::bundle::{Attribution, Contents, SourceSummary};
use agent_core::intel::value::{Value, ValueKind};
use agent_core::model::{ThreatCategory, Timestamp};
use publicsuffix::{List, Psl as _};
use serde::Serialize;

/// Rejects that are kept one by one for each source; the rest are counted.
const MAX_TOLD: usize = 10_000;

/// From here on attributions share what can be shared: the table holds 65,536.
const REFERENCES_UP_TO: usize = 60_000;

/// What a reader says of a value.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) category: ThreatCategory,
    pub(crate) family: String,
    pub(crate) confidence: Option<u8>,
    pub(crate) reference: Option<String>,
    pub(crate) valid_from: Option<Timestamp>,
    pub(crate) valid_until: Option<Timestamp>,
}

/// Something of an input that is not in the bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Reject {
    /// A line, an object, a family.
    pub(crate) place: String,
    pub(crate) why: String,
}

/// What became of one input.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SourceReport {
    #[serde(flatten)]
    pub(crate) summary: SourceSummary,
    pub(crate) rejects: Vec<Reject>,
}

/// Collects the values of all inputs.
pub(crate) struct Collector {
    suffixes: Option<List>,
    now: Timestamp,
    category: ThreatCategory,
    contents: Contents,
    rows: BTreeMap<Attribution, u16>,
    overflow: bool,
}

impl Collector {
    /// `category` is what inputs that do not tell are about; `suffixes` tells public suffixes.
    pub(crate) fn new(now: Timestamp, category: ThreatCategory, suffixes: Option<List>) -> Self {
        let (contents, rows) = (Contents::default(), BTreeMap::new());
        Self { suffixes, now, category, contents, rows, overflow: false }
    }

    /// A sink for the input `name`.
    pub(crate) fn sink(&mut self, name: &str, format: &str) -> Sink<'_> {
        let summary =
            SourceSummary { name: name.to_owned(), format: format.to_owned(), ..SourceSummary::default() };
        Sink { collector: self, summary, seen: BTreeSet::new(), rejects: Vec::new() }
    }

    /// Everything; an error if it does not fit a bundle.
    pub(crate) fn finish(self) -> Result<Contents, String> {
        if self.overflow {
            return Err("more than 65,536 different families, sources and validities: build several bundles"
                .to_owned());
        }
        Ok(self.contents)
    }

    fn row(&mut self, mut attribution: Attribution) -> u16 {
        if self.rows.len() >= REFERENCES_UP_TO {
            attribution.reference = None;
            attribution.confidence = None;
        }
        if let Some(row) = self.rows.get(&attribution) {
            return *row;
        }
        let Ok(row) = u16::try_from(self.rows.len()) else {
            self.overflow = true;
            return 0;
        };
        self.contents.attributions.push(attribution.clone());
        self.rows.insert(attribution, row);
        row
    }

    /// Whether strangers register names below `name`. A single label always is one.
    fn is_public_suffix(&self, name: &str) -> bool {
        let listed = self.suffixes.as_ref().and_then(|list| list.suffix(name.as_bytes()));
        !name.contains('.') || listed.is_some_and(|suffix| suffix.is_known() && suffix == name)
    }
}

/// Takes the values of one input.
pub(crate) struct Sink<'a> {
    collector: &'a mut Collector,
    summary: SourceSummary,
    /// Digests would do, but the sets of all sources together are no larger than the contents.
    seen: BTreeSet<Value>,
    rejects: Vec<Reject>,
}

impl Sink<'_> {
    /// When the bundle is built.
    pub(crate) const fn now(&self) -> Timestamp {
        self.collector.now
    }

    /// What is said of a value as long as the input says nothing else.
    pub(crate) fn about(&self) -> About {
        About {
            category: self.collector.category,
            family: self.summary.name.clone(),
            confidence: None,
            reference: None,
            valid_from: None,
            valid_until: None,
        }
    }

    /// Takes `text` as a value of `kind`, or rejects it under `place`.
    pub(crate) fn add(&mut self, place: impl Into<String>, kind: ValueKind, text: &str, about: &About) {
        match Value::parse(kind, text) {
            Ok(value) => self.add_value(value, about),
            Err(why) => self.reject(place, format!("{kind} \"{}\": {why}", text.trim())),
        }
    }

    /// Takes a value.
    pub(crate) fn add_value(&mut self, value: Value, about: &About) {
        if about.valid_until.is_some_and(|until| until <= self.now()) {
            return self.lapsed();
        }
        let now = self.now();
        let attribution = Attribution {
            category: about.category,
            family: about.family.clone(),
            source: self.summary.name.clone(),
            severity: about.category.severity(),
            confidence: about.confidence,
            reference: about.reference.clone(),
            // What holds already when the bundle is built will go on holding.
            valid_from: about.valid_from.filter(|from| *from > now),
            valid_until: about.valid_until,
            only_itself: matches!(&value, Value::Domain(name) if self.collector.is_public_suffix(name)),
        };
        let row = self.collector.row(attribution);
        if self.seen.insert(value.clone()) {
            *self.summary.values.entry(value.kind()).or_insert(0) += 1;
        } else {
            self.summary.duplicates += 1;
        }
        self.collector.contents.values.insert((value, row));
    }

    /// Counts what is revoked or expired.
    pub(crate) const fn lapsed(&mut self) {
        self.summary.lapsed += 1;
    }

    /// Leaves something out, by its place and the reason.
    pub(crate) fn reject(&mut self, place: impl Into<String>, why: impl Into<String>) {
        self.summary.rejected += 1;
        if self.rejects.len() < MAX_TOLD {
            self.rejects.push(Reject { place: place.into(), why: why.into() });
        }
    }

    /// What became of the input.
    pub(crate) fn finish(self) -> SourceReport {
        self.collector.contents.sources.push(self.summary.clone());
        SourceReport { summary: self.summary, rejects: self.rejects }
    }
}
