//! One check that rests on several facts.

use super::words::{MAX_NAMED, clipped};
use crate::model::{CheckId, CheckOutcome, Coverage, Detection, Fact, Judgement, Verdict};

/// Why something is not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// A permission or setting is missing.
    NotPermitted(String),
    /// There is no way to know.
    NotAvailable(String),
}

impl Gap {
    /// Why, in words for a person.
    pub(super) fn why(&self) -> &str {
        match self {
            Self::NotPermitted(why) | Self::NotAvailable(why) => why,
        }
    }
}

/// The value of `fact`, or why there is none.
pub(super) fn told<T>(fact: &Fact<T>) -> Result<&T, Gap> {
    match fact {
        Fact::Known { value } => Ok(value),
        Fact::NotPermitted { why } => Err(Gap::NotPermitted(why.clone())),
        Fact::NotAvailable { why } => Err(Gap::NotAvailable(why.clone())),
    }
}

/// The outcome of a check, as it grows fact by fact.
///
/// The check is complete as soon as one fact is known, unless a permission is missing: then what was seen counts, and
/// nothing is resolved. What a missing fact would have told is undecided.
pub(super) struct Parts {
    check: CheckId,
    lead: Option<String>,
    judgements: Vec<Judgement>,
    is_known: bool,
    refused: Option<String>,
    missing: Option<String>,
    untold: Vec<String>,
}

impl Parts {
    /// A check of which nothing is known yet.
    pub(super) const fn of(check: CheckId) -> Self {
        Self {
            check,
            lead: None,
            judgements: Vec::new(),
            is_known: false,
            refused: None,
            missing: None,
            untold: Vec::new(),
        }
    }

    /// Begins the summary with `sentence`, whatever else is to be said.
    pub(super) fn leading(self, sentence: String) -> Self {
        Self { lead: Some(sentence), ..self }
    }

    /// Adds what `judge` makes of `fact`. `name` is what the summary calls it where it is missing, and `detections` are what
    /// is undecided then.
    pub(super) fn fact<T>(
        mut self,
        name: &str,
        fact: &Fact<T>,
        detections: &[Detection],
        judge: impl FnOnce(&T) -> Vec<Judgement>,
    ) -> Self {
        match told(fact) {
            Ok(value) => {
                let judgements = judge(value);
                self.known(judgements);
            }
            Err(gap) => self.miss(name, &gap, detections),
        }
        self
    }

    /// Takes what a known fact gives.
    pub(super) fn known(&mut self, judgements: Vec<Judgement>) {
        self.is_known = true;
        self.judge(judgements);
    }

    /// Takes judgements that do not make the check complete by themselves.
    pub(super) fn judge(&mut self, judgements: Vec<Judgement>) {
        self.judgements.extend(judgements);
    }

    /// Takes that a fact is missing.
    pub(super) fn miss(&mut self, name: &str, gap: &Gap, detections: &[Detection]) {
        let first = match gap {
            Gap::NotPermitted(_) => &mut self.refused,
            Gap::NotAvailable(_) => &mut self.missing,
        };
        first.get_or_insert_with(|| gap.why().to_owned());
        self.undecided(name, gap.why(), detections);
    }

    /// Takes that `detections` could not be judged.
    pub(super) fn undecided(&mut self, name: &str, why: &str, detections: &[Detection]) {
        self.untold.push(name.to_owned());
        self.judgements.extend(detections.iter().map(|detection| {
            Judgement::new(*detection, Verdict::Inconclusive).because(clipped(why).into_owned())
        }));
    }

    /// The outcome. `clean` is said of a check that found nothing.
    pub(super) fn finish(mut self, clean: &str) -> CheckOutcome {
        let coverage = match (self.refused.take(), self.is_known, self.missing.take()) {
            (Some(why), _, _) => Coverage::NotPermitted { why },
            (None, true, _) => Coverage::Complete,
            (None, false, Some(why)) => Coverage::Unknown { why },
            (None, false, None) => Coverage::Unknown { why: "nothing of it is told".to_owned() },
        };
        if coverage != Coverage::Complete {
            // Coverage says it of the whole check.
            self.judgements.retain(|judgement| judgement.verdict != Verdict::Inconclusive);
        }
        CheckOutcome {
            check: self.check,
            summary: self.summary(&coverage, clean),
            coverage,
            judgements: self.judgements,
            part_of: None,
        }
    }

    fn summary(&self, coverage: &Coverage, clean: &str) -> String {
        let seen: Vec<_> = self
            .judgements
            .iter()
            .filter(|judgement| !matches!(judgement.verdict, Verdict::Clean | Verdict::Inconclusive))
            .map(sentence)
            .collect();
        let mut sentences: Vec<String> = self.lead.iter().cloned().collect();
        sentences.extend(seen.iter().take(MAX_NAMED).cloned());
        if let Some(more @ 1..) = seen.len().checked_sub(MAX_NAMED) {
            sentences.push(format!("and {more} more"));
        }
        match coverage {
            Coverage::Complete => {
                if sentences.is_empty() {
                    let of_the_rest = "nothing out of the ordinary in what is told";
                    sentences.push(if self.untold.is_empty() { clean } else { of_the_rest }.to_owned());
                }
                if !self.untold.is_empty() {
                    sentences.push(format!("not told: {}", self.untold.join(", ")));
                }
            }
            Coverage::Unknown { why } | Coverage::NotPermitted { why } => sentences.push(why.clone()),
        }
        sentences.join("; ")
    }
}

fn sentence(judgement: &Judgement) -> String {
    match judgement.subject.as_str() {
        "" => judgement.reason.clone(),
        subject => format!("{}: {}", clipped(subject), judgement.reason),
    }
}
