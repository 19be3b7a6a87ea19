//! One exchange with the connector: deliver what is due, then fetch settings, the policy, the decision and threat
//! intelligence, over one connection as long as it holds.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::Inner;
use super::backlog;
use super::download;
use super::error::AgentError;
use super::events::AgentEvent;
use super::hints::{self, DeliveryHints};
use super::path::{self, Exchanged};
use super::policies::StoredPolicy;
use super::portal::{self, Place};
use super::result::{DeliverySummary, Quarantined, Replacement};
use super::runtime::on_own_thread;
use super::settle::{self, Settled};
use crate::connector::{
    Client, ConnectorError, ConnectorKeys, Decision, Delivery, Enrolment, Route, Trouble, TroubleKind,
};
use crate::model::{Settings, Timestamp};
use crate::store::{ReadTx, ReportState, Slot, StoreError, StoredReport, WriteTx};

/// Said when the deadline ends an exchange.
const OUT_OF_TIME: &str = "out of time; the rest stays queued";

/// Said when a sign-in page is in the way.
const BEHIND_PORTAL: &str = "the network wants you to sign in: open its sign-in page; reports are sent when it lets this \
                             device through";

pub(super) async fn deliver(
    inner: Arc<Inner>,
    hints: DeliveryHints,
    deadline: Instant,
) -> Result<DeliverySummary, AgentError> {
    let enrolment: Enrolment =
        inner.store.read(|tx| tx.get(Slot::Enrolment))?.ok_or(AgentError::NotEnrolled)?;
    let client = inner.client_by_settings()?;
    let mut exchange = Exchange { inner: &inner, enrolment, client, hints, deadline, place: None };
    let mut summary = DeliverySummary::default();
    exchange.sign_waiting(&mut summary).await?;
    exchange.drain(&mut summary).await?;
    // The connector's word is worth asking for even where a report could not be delivered: a decision or a
    // changed setting may be what the user waits for.
    if !summary.behind_portal {
        exchange.fetch_settings(&mut summary).await?;
    }
    if !summary.behind_portal {
        exchange.fetch_policy(&mut summary).await?;
        exchange.fetch_decision(&mut summary).await?;
        let Exchange { inner, enrolment, client, hints, deadline, .. } = &exchange;
        if client.proofs() > 0 {
            summary.intel = download::fetch(inner, client, enrolment, *hints, *deadline).await?;
        }
    }
    exchange.conclude(&mut summary).await?;
    summary.still_queued = inner.store.read(|tx| tx.reports(ReportState::Queued))?.len();
    summary.enrol_again = inner.store.read(|tx| tx.get(Slot::Disowned))?;
    log::info!(
        "delivery: {} delivered, {} made smaller, {} set aside, {} still queued; {}",
        summary.delivered.len(),
        summary.replaced.len(),
        summary.quarantined.len(),
        summary.still_queued,
        summary.stopped.as_deref().unwrap_or("complete")
    );
    Ok(summary)
}

struct Exchange<'a> {
    inner: &'a Arc<Inner>,
    enrolment: Enrolment,
    client: Client,
    hints: DeliveryHints,
    deadline: Instant,
    /// Where this is, once it was worth asking.
    place: Option<Place>,
}

impl Exchange<'_> {
    /// Signs what waited for the device key, so that it goes with the rest.
    async fn sign_waiting(&self, summary: &mut DeliverySummary) -> Result<(), AgentError> {
        let inner = self.inner.clone();
        let signing = on_own_thread(move || backlog::sign_waiting(&inner));
        // What is signed later is stored all the same.
        let Ok(signed) = timeout_at(self.deadline, signing).await else { return Ok(()) };
        let signed = signed??;
        (summary.unsigned, summary.key_trouble) = (signed.waiting, signed.trouble);
        signed.news.into_iter().for_each(|event| self.inner.events.send(event));
        Ok(())
    }

    /// Sends the queued reports, oldest first, until one has to be tried again: the order is that of the chain, but for
    /// those that wait for a better moment.
    async fn drain(&mut self, summary: &mut DeliverySummary) -> Result<(), AgentError> {
        loop {
            let now = self.now();
            let Some(report) = self.inner.store.read(|tx| next(tx, &summary.held))? else { return Ok(()) };
            if !report.is_due(now) {
                let (seq, at) = (report.seq, report.next_attempt_at);
                summary.stopped =
                    Some(format!("report {seq} could not be delivered and is tried again at {at}"));
                return Ok(());
            }
            let token = match self.inner.store.read(|tx| tx.token(report.id)) {
                Ok(Some(token)) => token,
                // Another process delivered it meanwhile.
                Ok(None) => continue,
                // Set aside, so that it does not hold up the reports behind it.
                Err(error @ StoreError::Tampered { .. }) => {
                    let why = error.to_string();
                    settle::set_aside(self.inner, &report, &why)?;
                    summary.quarantined.push(Quarantined { seq: report.seq, why });
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let can_wait = self.hints.reason().is_some() && hints::may_be_held(&report, now);
            if can_wait && hints::is_inventory_only(&token) {
                summary.held.push(report.seq);
                continue;
            }
            let Some(delivery) = self.send(&token, summary).await? else { return Ok(()) };
            let Some(settled) = self.settle(&report, token, delivery).await? else {
                summary.stopped = Some(OUT_OF_TIME.to_owned());
                return Ok(());
            };
            match settled {
                Settled::Delivered => summary.delivered.push(report.seq),
                Settled::SetAside { why } => summary.quarantined.push(Quarantined { seq: report.seq, why }),
                Settled::Replaced { by } => summary.replaced.push(Replacement { seq: report.seq, by }),
                Settled::Again { why, .. } => {
                    summary.stopped = Some(why);
                    return Ok(());
                }
            }
        }
    }

    /// `None` when the deadline came first. Making a report smaller signs, and the key may hang.
    async fn settle(
        &self,
        report: &StoredReport,
        token: String,
        delivery: Delivery,
    ) -> Result<Option<Settled>, AgentError> {
        if delivery != Delivery::TooLarge {
            return settle::settle(self.inner, report, &token, delivery).map(Some);
        }
        let (inner, report) = (Arc::clone(self.inner), report.clone());
        let smaller = on_own_thread(move || settle::settle(&inner, &report, &token, Delivery::TooLarge));
        match timeout_at(self.deadline, smaller).await {
            Ok(settled) => settled?.map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Sends one report. `None`, with the reason in `summary`, where nothing can be said of the report: the time is up, or
    /// a sign-in page is in the way.
    async fn send(
        &mut self,
        token: &str,
        summary: &mut DeliverySummary,
    ) -> Result<Option<Delivery>, AgentError> {
        let once = timeout_at(self.deadline, self.client.deliver(&self.enrolment, token)).await;
        let Ok(mut delivery) = once else {
            summary.stopped = Some(OUT_OF_TIME.to_owned());
            return Ok(None);
        };
        // The connector may sign with a key that newer settings announce.
        if let Delivery::Retry {
            why: ConnectorError::NoReceipt(_) | ConnectorError::UnprovenRefusal { .. },
            ..
        } = &delivery
            && self.learns_a_key(summary).await?
        {
            let again = timeout_at(self.deadline, self.client.deliver(&self.enrolment, token)).await;
            delivery = again.unwrap_or(delivery);
        }
        if let Delivery::Retry { why, .. } = &delivery
            && self.is_behind_portal(why).await?
        {
            (summary.behind_portal, summary.stopped) = (true, Some(BEHIND_PORTAL.to_owned()));
            return Ok(None);
        }
        Ok(Some(delivery))
    }

    /// Fetches settings after something came that is signed by a key nobody announced. Whether there is reason to try again.
    async fn learns_a_key(&mut self, summary: &mut DeliverySummary) -> Result<bool, AgentError> {
        let troubles = self.client.take_troubles();
        let (of_keys, others): (Vec<Trouble>, Vec<Trouble>) =
            troubles.into_iter().partition(|trouble| trouble.kind == TroubleKind::UnknownKey);
        let before = summary.new_settings;
        if !of_keys.is_empty() {
            self.fetch_settings(summary).await?;
        }
        let is_new = summary.new_settings != before;
        let met = if is_new { others } else { others.into_iter().chain(of_keys).collect() };
        met.iter().for_each(|trouble| self.client.note_again(trouble));
        Ok(is_new)
    }

    /// Whether `error` is a sign-in page's doing.
    async fn is_behind_portal(&mut self, error: &ConnectorError) -> Result<bool, AgentError> {
        if !portal::may_be_a_portal(error) {
            return Ok(false);
        }
        if self.place.is_none() {
            let settings = self.inner.store.read(|tx| self.inner.settings(tx))?;
            self.place = Some(portal::look(self.inner, &settings, self.deadline).await?);
        }
        Ok(self.place.as_ref().is_some_and(|place| place.is_portal))
    }

    /// Keeps what this exchange taught about the way.
    async fn conclude(&mut self, summary: &mut DeliverySummary) -> Result<(), AgentError> {
        summary.connections = self.client.connections();
        keep_keys(self.inner, &self.client)?;
        let (mut troubles, is_proved) = (self.client.take_troubles(), self.client.proofs() > 0);
        if self.client.was_inspected() {
            let host = self.enrolment.connector_host();
            let detail = "the pins are relaxed for it".to_owned();
            troubles.push(Trouble { kind: TroubleKind::Inspected, host, detail });
        }
        if troubles.is_empty() && self.place.is_none() && !is_proved {
            return Ok(());
        }
        let place = match self.place.take() {
            Some(place) => place,
            None => {
                let snapshot = portal::snapshot(self.inner, self.deadline).await;
                Place { network: portal::digest(&snapshot), is_portal: false }
            }
        };
        summary.scan_due = path::note(self.inner, Exchanged { place, troubles, is_proved })?;
        Ok(())
    }

    async fn fetch_settings(&mut self, summary: &mut DeliverySummary) -> Result<(), AgentError> {
        let known: Option<Settings> = self.inner.store.read(|tx| tx.get(Slot::Settings))?;
        let known = known.unwrap_or_default();
        let fetched = self.within(self.client.fetch_settings(&self.enrolment, &known)).await;
        if let Some(Err(error)) = &fetched
            && self.is_behind_portal(error).await?
        {
            summary.behind_portal = true;
            summary.stopped.get_or_insert(BEHIND_PORTAL.to_owned());
            return Ok(());
        }
        if let Some(settings) = value_of(fetched, summary).flatten() {
            self.inner.store.write(|tx| tx.put(Slot::Settings, &settings))?;
            // Other pins and origins hold from here on; those that they replace, no longer.
            self.client.reroute(Route::of(&settings));
            summary.new_settings = Some(settings.version);
            self.inner.events.send(AgentEvent::SettingsChanged { version: settings.version });
        }
        Ok(())
    }

    /// A policy that this agent cannot read leaves the one in force as it is, and is told.
    async fn fetch_policy(&self, summary: &mut DeliverySummary) -> Result<(), AgentError> {
        let known: Option<StoredPolicy> = self.inner.store.read(|tx| tx.get(Slot::Policy))?;
        let known = known.as_ref().map(|policy| (policy.version, Some(policy.document.as_str())));
        let fetched = self.within(self.client.fetch_policy(&self.enrolment, known)).await;
        let Some(offered) = value_of(fetched, summary).flatten() else { return Ok(()) };
        let (version, document) = (offered.version, offered.document);
        match self.inner.policies.read_signed(version, &document) {
            Ok(notes) => {
                self.inner.store.write(|tx| tx.put(Slot::Policy, &StoredPolicy { version, document }))?;
                summary.new_policy = Some(version);
                summary.policy_notes = notes.iter().map(ToString::to_string).collect();
            }
            Err(error) => {
                log::warn!("policy version {version} was refused: {error}");
                summary.policy_notes.push(format!("policy version {version} was refused: {error}"));
            }
        }
        Ok(())
    }

    async fn fetch_decision(&self, summary: &mut DeliverySummary) -> Result<(), AgentError> {
        let fetched = self.within(self.client.fetch_decision(&self.enrolment)).await;
        let Some(decision) = value_of(fetched, summary) else { return Ok(()) };
        let before: Option<Decision> = self.inner.store.write(|tx| {
            let before = tx.get(Slot::Decision)?;
            tx.put(Slot::Decision, &decision)?;
            // Who decides on a device knows it.
            tx.delete(Slot::Disowned)?;
            Ok::<_, AgentError>(before)
        })?;
        if before.is_none_or(|before| before.compliant != decision.compliant) {
            self.inner.events.send(AgentEvent::AccessChanged { compliant: decision.compliant });
        }
        summary.decision = Some(decision);
        Ok(())
    }

    /// `None` when the deadline came first.
    async fn within<T>(
        &self,
        call: impl Future<Output = Result<T, ConnectorError>>,
    ) -> Option<Result<T, ConnectorError>> {
        timeout_at(self.deadline, call).await.ok()
    }

    fn now(&self) -> Timestamp {
        self.inner.host.clock.now()
    }
}

/// The value of a call, or a note of why there is none. The first reason stays: it is why the rest failed.
fn value_of<T>(outcome: Option<Result<T, ConnectorError>>, summary: &mut DeliverySummary) -> Option<T> {
    let why = match outcome {
        Some(Ok(value)) => return Some(value),
        Some(Err(error)) => error.to_string(),
        None => OUT_OF_TIME.to_owned(),
    };
    summary.stopped.get_or_insert(why);
    None
}

/// The report that goes next, those that wait left out.
fn next(tx: &ReadTx<'_>, held: &[u64]) -> Result<Option<StoredReport>, AgentError> {
    if held.is_empty() {
        return Ok(tx.next_queued()?);
    }
    let queued = tx.reports(ReportState::Queued)?;
    Ok(queued.into_iter().find(|report| !held.contains(&report.seq)))
}

/// Keeps what `client` learned of the connector's keys.
pub(super) fn keep_keys(inner: &Inner, client: &Client) -> Result<(), AgentError> {
    let keys = client.keys();
    let known: Option<ConnectorKeys> = inner.store.read(|tx| tx.get(Slot::ConnectorKeys))?;
    if known.unwrap_or_default() != keys {
        inner.store.write(|tx| tx.put(Slot::ConnectorKeys, &keys))?;
    }
    Ok(())
}

/// Forgets what is known of the connector of a former enrolment.
pub(super) fn forget_connector(tx: &WriteTx<'_>) -> Result<(), StoreError> {
    for stale in [Slot::ConnectorKeys, Slot::ConnectorPath, Slot::IntelDownload] {
        tx.delete(stale)?;
    }
    Ok(())
}
