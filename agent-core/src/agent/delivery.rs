//! One exchange with the connector: deliver what is due, then fetch settings, the policy and the decision.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::Inner;
use super::error::AgentError;
use super::events::AgentEvent;
use super::policies::StoredPolicy;
use super::result::{DeliverySummary, Quarantined};
use crate::connector::{Client, ConnectorError, Decision, Delivery, Enrolment, retry_delay};
use crate::model::{Settings, Timestamp};
use crate::store::{ReportState, Slot, StoreError, StoredReport};

/// Said when the deadline ends an exchange.
const OUT_OF_TIME: &str = "out of time; the rest stays queued";

pub(super) async fn deliver(inner: Arc<Inner>, deadline: Instant) -> Result<DeliverySummary, AgentError> {
    let enrolment: Enrolment =
        inner.store.read(|tx| tx.get(Slot::Enrolment))?.ok_or(AgentError::NotEnrolled)?;
    let exchange = Exchange { inner: &inner, enrolment, client: inner.client(), deadline };
    let mut summary = DeliverySummary::default();
    exchange.drain(&mut summary).await?;
    // The connector's word is worth asking for even where a report could not be delivered: a decision or a
    // changed setting may be what the user waits for.
    exchange.fetch_settings(&mut summary).await?;
    exchange.fetch_policy(&mut summary).await?;
    exchange.fetch_decision(&mut summary).await?;
    summary.still_queued = inner.store.read(|tx| tx.reports(ReportState::Queued))?.len();
    log::info!(
        "delivery: {} delivered, {} set aside, {} still queued; {}",
        summary.delivered.len(),
        summary.quarantined.len(),
        summary.still_queued,
        summary.stopped.as_deref().unwrap_or("complete")
    );
    Ok(summary)
}

struct Exchange<'a> {
    inner: &'a Inner,
    enrolment: Enrolment,
    client: Client,
    deadline: Instant,
}

impl Exchange<'_> {
    /// Sends the queued reports, oldest first, until one has to wait: the order is that of the chain.
    async fn drain(&self, summary: &mut DeliverySummary) -> Result<(), AgentError> {
        loop {
            let now = self.now();
            let Some(report) = self.inner.store.read(|tx| tx.next_queued())? else { return Ok(()) };
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
                    quarantine(self.inner, &report, &why)?;
                    summary.quarantined.push(Quarantined { seq: report.seq, why });
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let Ok(delivery) = timeout_at(self.deadline, self.client.deliver(&self.enrolment, &token)).await
            else {
                summary.stopped = Some(OUT_OF_TIME.to_owned());
                return Ok(());
            };
            match settle(self.inner, &report, delivery)? {
                Settled::Delivered => summary.delivered.push(report.seq),
                Settled::SetAside { why } => summary.quarantined.push(Quarantined { seq: report.seq, why }),
                Settled::Again { why, .. } => {
                    summary.stopped = Some(why);
                    return Ok(());
                }
            }
        }
    }

    async fn fetch_settings(&self, summary: &mut DeliverySummary) -> Result<(), AgentError> {
        let known: Option<Settings> = self.inner.store.read(|tx| tx.get(Slot::Settings))?;
        let known = known.map_or(0, |settings| settings.version);
        let fetched = self.within(self.client.fetch_settings(&self.enrolment, known)).await;
        if let Some(settings) = note(fetched, summary).flatten() {
            self.inner.store.write(|tx| tx.put(Slot::Settings, &settings))?;
            summary.new_settings = Some(settings.version);
            self.inner.events.send(AgentEvent::SettingsChanged { version: settings.version });
        }
        Ok(())
    }

    /// A policy that this agent cannot read leaves the one in force as it is, and is told.
    async fn fetch_policy(&self, summary: &mut DeliverySummary) -> Result<(), AgentError> {
        let known: Option<StoredPolicy> = self.inner.store.read(|tx| tx.get(Slot::Policy))?;
        let known = known.map(|policy| policy.version);
        let fetched = self.within(self.client.fetch_policy(&self.enrolment, known)).await;
        let Some(offered) = note(fetched, summary).flatten() else { return Ok(()) };
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
        let Some(decision) = note(fetched, summary) else { return Ok(()) };
        let before: Option<Decision> = self.inner.store.write(|tx| {
            let before = tx.get(Slot::Decision)?;
            tx.put(Slot::Decision, &decision)?;
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

/// What became of a report that was sent.
pub(super) enum Settled {
    /// It left the queue on its receipt.
    Delivered,
    /// The connector will never take it.
    SetAside { why: String },
    /// It stays queued.
    Again { at: Timestamp, why: String },
}

/// Notes what became of a report.
pub(super) fn settle(
    inner: &Inner,
    report: &StoredReport,
    delivery: Delivery,
) -> Result<Settled, AgentError> {
    let now = inner.host.clock.now();
    let why = match delivery {
        Delivery::Accepted(_) => {
            inner.store.write(|tx| tx.acknowledge(report.seq, now))?;
            return Ok(Settled::Delivered);
        }
        Delivery::Retry { after, why } => {
            let mut random = [0; 8];
            inner.host.entropy.fill(&mut random)?;
            let wait = retry_delay(report.attempts, after, u64::from_le_bytes(random));
            let at = now.plus_seconds(i64::try_from(wait.as_secs()).unwrap_or(i64::MAX));
            inner.store.write(|tx| tx.mark_attempt(report.seq, now, at))?;
            return Ok(Settled::Again { at, why: why.to_string() });
        }
        Delivery::Rejected(refusal) => format!("{}: {}", refusal.err, refusal.description),
        Delivery::TooLarge => format!("{} bytes are more than the connector takes", report.size),
    };
    quarantine(inner, report, &why)?;
    Ok(Settled::SetAside { why })
}

/// Sets a report aside. The connector lacks it now, so the next inventory is sent in full.
fn quarantine(inner: &Inner, report: &StoredReport, why: &str) -> Result<(), AgentError> {
    inner.store.write(|tx| {
        tx.delete(Slot::SharedInventory)?;
        tx.quarantine(report.seq, why, inner.host.clock.now())?;
        Ok(())
    })
}

/// The value of a call, or a note of why there is none. The first reason stays: it is why the rest failed.
fn note<T>(outcome: Option<Result<T, ConnectorError>>, summary: &mut DeliverySummary) -> Option<T> {
    let why = match outcome {
        Some(Ok(value)) => return Some(value),
        Some(Err(error)) => error.to_string(),
        None => OUT_OF_TIME.to_owned(),
    };
    summary.stopped.get_or_insert(why);
    None
}
