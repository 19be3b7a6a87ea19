//! What was asked of the canaries, matched with what the settings say of them.

use std::collections::BTreeMap;

use crate::canary::{CanarySettings, Nonce, REPLY_HEADER, Reply, TlsReply, verify};
use crate::model::{CheckId, CheckOutcome, Coverage, Detection, Judgement, ProbeEndpoint, Verdict};
use crate::network::observation::{CanaryProbe, Outcome, Target};
use crate::network::response::Response;

/// Reasons of one judgement that are told in full.
const MAX_REASONS: usize = 3;

/// What is said where there is nothing to ask.
pub(super) const NONE: &str = "no canary is configured: the administrator names them in canaries";

/// A canary of the settings.
pub(super) struct Canary<'a> {
    pub(super) settings: &'a CanarySettings,
    /// What was asked; absent when it was not.
    pub(super) probe: Option<&'a CanaryProbe>,
    /// The same as an endpoint of the chain check.
    pub(super) endpoint: ProbeEndpoint,
}

impl<'a> Canary<'a> {
    /// Finds each of `settings` among `probes`.
    pub(super) fn all(settings: &'a [CanarySettings], probes: &'a [CanaryProbe]) -> Vec<Self> {
        let each = settings.iter().map(|settings| {
            let target = Target::from(settings);
            Self {
                settings,
                probe: probes.iter().find(|probe| probe.target == target),
                endpoint: ProbeEndpoint {
                    host: target.host,
                    port: target.port,
                    address: target.address,
                    network: target.network,
                    private_anchors: settings.private_anchors.clone(),
                },
            }
        });
        each.collect()
    }

    /// The signed reply in `response` to the question with `nonce`, or why there is none.
    pub(super) fn reply<R: Reply>(
        &self,
        response: &Response<'_>,
        kind: R::Kind,
        nonce: &Nonce,
    ) -> Result<R, String> {
        let Some(token) = response.field(REPLY_HEADER) else {
            return Err(format!("answered HTTP {} without the canary's signature", response.status));
        };
        verify(token, kind, nonce, &self.settings.keys).map_err(|error| format!("sent no proof: {error}"))
    }

    /// The signed reply over TLS, if one came.
    pub(super) fn tls_reply(&self) -> Option<TlsReply> {
        let (seen, _) = self.probe?.answer()?;
        let Outcome::Answered(response) = &seen.response else { return None };
        let response = Response::parse(response.as_bytes())?;
        self.reply(&response, (), &seen.question.nonce).ok()
    }
}

/// What a check has to say of all canaries together.
#[derive(Default)]
pub(super) struct Tally {
    /// Questions that should have brought a result.
    pub(super) total: usize,
    /// Those that did.
    pub(super) settled: usize,
    /// What was found, in any number.
    pub(super) found: Vec<Judgement>,
    /// Why the others brought none.
    pub(super) missed: Vec<String>,
}

impl Tally {
    /// One outcome, with one judgement a detection; `praise` is said where nothing was found.
    pub(super) fn outcome(self, check: CheckId, praise: &str) -> CheckOutcome {
        let Self { total, settled, found, missed } = self;
        let judgements = merged(found);
        let gravest = judgements.iter().rev().max_by_key(|judgement| judgement.verdict);
        let said = gravest.map(|judgement| judgement.reason.clone());
        let said = said.or_else(|| (settled > 0).then(|| format!("{settled} of {total} {praise}")));
        let gap = (!missed.is_empty()).then(|| format!("no result from {}", counted(missed)));
        let summary = said.into_iter().chain(gap).collect::<Vec<_>>().join("; ");
        let coverage = if settled * 2 >= total {
            Coverage::Complete
        } else {
            Coverage::Unknown { why: summary.clone() }
        };
        CheckOutcome { check, coverage, summary, judgements, part_of: None }
    }
}

/// One judgement a detection: the gravest verdict, and the evidence of all.
fn merged(found: Vec<Judgement>) -> Vec<Judgement> {
    let mut by_detection: BTreeMap<Detection, Vec<Judgement>> = BTreeMap::new();
    for judgement in found {
        by_detection.entry(judgement.detection).or_default().push(judgement);
    }
    let merged = by_detection.into_iter().map(|(detection, each)| {
        let verdict = each.iter().map(|judgement| judgement.verdict).fold(Verdict::Clean, Verdict::max);
        let gravest = each.iter().filter(|judgement| judgement.verdict == verdict);
        let reason = counted(gravest.map(|judgement| judgement.reason.clone()).collect());
        let evidence = each.into_iter().flat_map(|judgement| judgement.evidence);
        Judgement { evidence: evidence.collect(), ..Judgement::new(detection, verdict).because(reason) }
    });
    merged.collect()
}

/// The first few, and how many more.
fn counted(each: Vec<String>) -> String {
    let more = each.len().saturating_sub(MAX_REASONS);
    let mut told = each.into_iter().take(MAX_REASONS).collect::<Vec<_>>().join("; ");
    if more > 0 {
        told.push_str(&format!("; and {more} more"));
    }
    told
}
