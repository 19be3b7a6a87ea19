//! What was met on this device's own way to its connector: between a delivery that meets it and the scan that tells of it.
//!
//! A delivery notes ([`note`]), a scan judges ([`judge`]). An incident is of one network: it counts there until the
//! connector has proved itself by a signature over that network in a later exchange, and for [`KEEP_SECONDS`] at most.
//! One that no scan has told yet is told first, even where all was well a moment later.
//!
//! | met | judged |
//! |---|---|
//! | a certificate of a public authority without a pinned key; one that nobody vouches for; a receipt, settings, policy or decision that the connector did not sign; a 202 without receipt | interception, suspicious: the connector may have changed its keys without telling |
//! | a chain under a declared inspection root | managed inspection, benign |
//! | the second, or something that is not TLS, while a portal is in the way | nothing: portals do that |
//! | something signed that came damaged | nothing, unless it goes on: a cut-off answer is no attack |
//! | a valid chain that has expired | nothing: the server's fault, or the clock's |

use serde::{Deserialize, Serialize};

use super::Inner;
use super::error::AgentError;
use super::portal::Place;
use crate::connector::{Trouble, TroubleKind};
use crate::model::{CheckId, CheckOutcome, Detection, Judgement, Sha256, Timestamp, Verdict};
use crate::store::{ReadTx, Slot, WriteTx};

/// Incidents that are kept: a few kinds on each of a few networks.
const MAX_INCIDENTS: usize = 32;

/// Networks of which it is kept that the connector was reached over them.
const MAX_REACHED: usize = 32;

/// How long an incident counts on a network over which the connector has not proved itself since, in seconds.
const KEEP_SECONDS: i64 = 7 * 24 * 60 * 60;

/// How often something must come damaged before it is more than a bad line.
const DAMAGED_TOO_OFTEN: u32 = 3;

/// Longest detail that is kept, in characters: four pins.
const MAX_DETAIL: usize = 240;

/// The memory of the way.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Path {
    #[serde(default)]
    incidents: Vec<Incident>,
    /// Networks over which the connector proved itself, the last one last.
    #[serde(default)]
    reached: Vec<Reached>,
    /// Since when a portal has been in the way.
    #[serde(default)]
    portal_since: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Incident {
    kind: TroubleKind,
    host: String,
    detail: String,
    network: Option<Sha256>,
    first_at: Timestamp,
    last_at: Timestamp,
    count: u32,
    /// Whether a scan has told of it.
    told: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Reached {
    network: Option<Sha256>,
    at: Timestamp,
}

/// What one exchange brought.
pub(super) struct Exchanged {
    pub(super) place: Place,
    pub(super) troubles: Vec<Trouble>,
    /// Whether the connector proved itself.
    pub(super) is_proved: bool,
}

/// Notes what an exchange met. Gives whether a scan is due for it.
pub(super) fn note(inner: &Inner, exchanged: Exchanged) -> Result<bool, AgentError> {
    let now = inner.host.clock.now();
    inner.store.write(|tx| {
        let mut path: Path = tx.get(Slot::ConnectorPath)?.unwrap_or_default();
        let Exchanged { place, troubles, is_proved } = exchanged;
        let network = place.network;
        path.portal_since = place.is_portal.then(|| path.portal_since.unwrap_or(now).min(now));
        if is_proved {
            path.incidents.retain(|it| it.network != network || !it.told);
            path.reached.retain(|it| it.network != network);
            path.reached.push(Reached { network, at: now });
            let superfluous = path.reached.len().saturating_sub(MAX_REACHED);
            path.reached.drain(..superfluous);
        }
        let counts = |it: &Trouble| !place.is_portal || !is_of_a_portal(it.kind);
        troubles.into_iter().filter(counts).for_each(|trouble| path.meet(trouble, network, now));
        path.forget(now);
        tx.put(Slot::ConnectorPath, &path)?;
        Ok(path.untold(network))
    })
}

/// Since when a portal has been in the way; `None` when the last exchange met none.
pub(super) fn portal_since(tx: &ReadTx<'_>) -> Result<Option<Timestamp>, AgentError> {
    Ok(tx.get::<Path>(Slot::ConnectorPath)?.and_then(|path| path.portal_since))
}

/// Whether something was met on `network` of which no scan has told.
pub(super) fn is_untold(tx: &ReadTx<'_>, network: Option<Sha256>) -> Result<bool, AgentError> {
    Ok(tx.get::<Path>(Slot::ConnectorPath)?.is_some_and(|path| path.untold(network)))
}

/// The check of the way over `network`. What it tells is told from then on.
pub(super) fn judge(
    tx: &WriteTx<'_>,
    network: Option<Sha256>,
    now: Timestamp,
) -> Result<CheckOutcome, AgentError> {
    const CHECK: CheckId = CheckId::ConnectorPath;
    if tx.get::<crate::connector::Enrolment>(Slot::Enrolment)?.is_none() {
        return Ok(CheckOutcome::clean(CHECK, "there is no way to a connector: this device is not enrolled"));
    }
    let mut path: Path = tx.get(Slot::ConnectorPath)?.unwrap_or_default();
    path.forget(now);
    let here: Vec<_> = path.incidents.iter().filter(|it| it.network == network).cloned().collect();
    if here.iter().any(|it| !it.told) {
        path.incidents.iter_mut().filter(|it| it.network == network).for_each(|it| it.told = true);
        tx.put(Slot::ConnectorPath, &path)?;
    }
    let judgements: Vec<_> = [inspection(&here), interception(&here)].into_iter().flatten().collect();
    if let Some(gravest) = judgements.last() {
        return Ok(CheckOutcome::judged(CHECK, gravest.reason.clone(), judgements));
    }
    Ok(match path.reached.iter().find(|it| it.network == network) {
        Some(reached) => CheckOutcome::clean(
            CHECK,
            format!("the connector proved itself over this network at {}", reached.at),
        ),
        None => CheckOutcome::unknown(CHECK, "the connector has not been reached over this network yet"),
    })
}

impl Path {
    fn meet(&mut self, trouble: Trouble, network: Option<Sha256>, now: Timestamp) {
        let Trouble { kind, host, detail } = trouble;
        let detail: String = detail.chars().filter(|c| !c.is_control()).take(MAX_DETAIL).collect();
        let is_same = |it: &&mut Incident| it.kind == kind && it.network == network && it.host == host;
        if let Some(known) = self.incidents.iter_mut().find(is_same) {
            known.count = known.count.saturating_add(1);
            (known.last_at, known.detail) = (now, detail);
            return;
        }
        let (first_at, last_at) = (now, now);
        self.incidents.push(Incident {
            kind,
            host,
            detail,
            network,
            first_at,
            last_at,
            count: 1,
            told: false,
        });
        let superfluous = self.incidents.len().saturating_sub(MAX_INCIDENTS);
        self.incidents.drain(..superfluous);
    }

    /// Forgets what is too old, or of a time that the clock has not reached.
    fn forget(&mut self, now: Timestamp) {
        let is_kept =
            |it: &Incident| (0..KEEP_SECONDS).contains(&now.unix().saturating_sub(it.last_at.unix()));
        self.incidents.retain(is_kept);
    }

    fn untold(&self, network: Option<Sha256>) -> bool {
        let is_news = |it: &Incident| it.kind != TroubleKind::Inspected && counts(it) && !it.told;
        self.incidents.iter().any(|it| it.network == network && is_news(it))
    }
}

/// Whether a portal does such a thing. None has a public authority's certificate in the connector's name.
const fn is_of_a_portal(kind: TroubleKind) -> bool {
    matches!(kind, TroubleKind::Untrusted | TroubleKind::NotTls)
}

/// Whether an incident says anything of the network.
const fn counts(incident: &Incident) -> bool {
    match incident.kind {
        TroubleKind::NotTls => false,
        TroubleKind::Damaged => incident.count >= DAMAGED_TOO_OFTEN,
        _ => true,
    }
}

fn inspection(here: &[Incident]) -> Option<Judgement> {
    let met: Vec<_> = here.iter().filter(|it| it.kind == TroubleKind::Inspected).collect();
    let reason = "the organisation inspects TLS on the way to its own connector";
    (!met.is_empty()).then(|| {
        with_evidence(Judgement::new(Detection::ManagedInspection, Verdict::Benign).because(reason), &met)
    })
}

fn interception(here: &[Incident]) -> Option<Judgement> {
    let is_met = |it: &&Incident| it.kind != TroubleKind::Inspected && counts(it);
    let met: Vec<_> = here.iter().filter(is_met).collect();
    let words: std::collections::BTreeSet<_> = met.iter().map(|it| said(it.kind)).collect();
    let words: Vec<_> = words.into_iter().collect();
    let reason = format!(
        "something on this network answers in the connector's place, or the connector changed its keys without telling \
         its devices: {}",
        words.join("; ")
    );
    (!met.is_empty()).then(|| {
        with_evidence(Judgement::new(Detection::TlsInterception, Verdict::Suspicious).because(reason), &met)
    })
}

const fn said(kind: TroubleKind) -> &'static str {
    match kind {
        TroubleKind::Unpinned => "a certificate of a public authority for its name, without a pinned key",
        TroubleKind::Untrusted => "a certificate for which nobody vouches",
        TroubleKind::Inspected => "a certificate of the organisation's inspection",
        TroubleKind::NotTls => "something that does not speak TLS",
        TroubleKind::NoReceipt => "reports were taken without a receipt",
        TroubleKind::ForgedReceipt => "a receipt that it did not sign for the report",
        TroubleKind::Forged => "settings, a policy or a decision that it did not sign for this device",
        TroubleKind::UnknownKey => "a signature by a key that was never announced",
        TroubleKind::Damaged => "what it signed keeps coming damaged",
    }
}

fn with_evidence(judgement: Judgement, met: &[&Incident]) -> Judgement {
    met.iter().fold(judgement, |judgement, it| {
        judgement
            .with("endpoint", &it.host)
            .with("met", it.kind)
            .with("detail", &it.detail)
            .with("first_at", it.first_at)
            .with("last_at", it.last_at)
            .with("times", it.count)
    })
}
