//! One exchange with the connector: deliver what is due, then fetch settings, the policy and the decision.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::Inner;
use super::error::AgentError;
use super::events::AgentEvent;
use super::policies::StoredPolicy;
use super::result::{DeliverySummary, Quarantined, Replacement};
use super::runtime::on_own_thread;
use super::settle::{self, Settled};
use crate::connector::{Client, ConnectorError, Decision, Delivery, Enrolment};
use crate::model::{Settings, Timestamp};
use crate::store::{ReportState, Slot, StoreError, StoredReport};

/// Said when the deadline ends an exchange.
const OUT_OF_TIME: &str = "out of time; the rest stays queued";

pub(super) async fn deliver(inner: Arc<Inner>, deadline: Instant) -> Result<DeliverySummary, AgentError> {
    let enrolment: Enrolment =
        inner.store.read(|tx| tx.get(Slot::Enrolment))?.ok_or(AgentError::NotEnrolled)?;
    let exchange = Exchange { inner: Arc::clone(&inner), enrolment, client: inner.client(), deadline };
    let mut summary = DeliverySummary::default();
    exchange.drain(&mut summary).await?;
    // The connector's word is worth asking for even where a report could not be delivered: a decision or a
    // changed setting may be what the user waits for.
    exchange.fetch_settings(&mut summary).await?;
    exchange.fetch_policy(&mut summary).await?;
    exchange.fetch_decision(&mut summary).await?;
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

struct Exchange {
    inner: Arc<Inner>,
    enrolment: Enrolment,
    client: Client,
    deadline: Instant,
}

impl Exchange {
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
                    settle::set_aside(&self.inner, &report, &why)?;
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
            return settle::settle(&self.inner, report, &token, delivery).map(Some);
        }
        let (inner, report) = (Arc::clone(&self.inner), report.clone());
        let smaller = on_own_thread(move || settle::settle(&inner, &report, &token, Delivery::TooLarge));
        match timeout_at(self.deadline, smaller).await {
            Ok(settled) => settled?.map(Some),
            Err(_) => Ok(None),
        }
    }

    async fn fetch_settings(&self, summary: &mut DeliverySummary) -> Result<(), AgentError> {
        let known: Option<Settings> = self.inner.store.read(|tx| tx.get(Slot::Settings))?;
        let known = known.map_or(0, |settings| settings.version);
        let fetched = self.within(self.client.fetch_settings(&self.enrolment, known)).await;
        if let Some(settings) = self.note(fetched, summary)?.flatten() {
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
        let Some(offered) = self.note(fetched, summary)?.flatten() else { return Ok(()) };
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
        let Some(decision) = self.note(fetched, summary)? else { return Ok(()) };
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

    /// The value of a call, or a note of why there is none. The first reason stays: it is why the rest failed.
    fn note<T>(
        &self,
        outcome: Option<Result<T, ConnectorError>>,
        summary: &mut DeliverySummary,
    ) -> Result<Option<T>, AgentError> {
        let why = match outcome {
            Some(Ok(value)) => return Ok(Some(value)),
            Some(Err(error)) => {
                settle::note_disowned(&self.inner, &error)?;
                error.to_string()
            }
            None => OUT_OF_TIME.to_owned(),
        };
        summary.stopped.get_or_insert(why);
        Ok(None)
    }

    fn now(&self) -> Timestamp {
        self.inner.host.clock.now()
    }
}
