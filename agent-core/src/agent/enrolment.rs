//! Enrolment, and change of key: a new key beside the one in use, the connector's word, then the new one takes its place.
//!
//! ```text
//! make the candidate ─► keep what it is for ─► ask the connector ─► keep its answer ─► adopt the candidate
//! ```
//!
//! Whatever breaks off between two of these steps, the same call takes up: the key in use stays until the last one, a
//! candidate that the connector may know is shown to it again, and one that the stored enrolment names is adopted by
//! whoever signs next.

use std::fs::File;

use tokio::sync::MutexGuard;

use super::error::AgentError;
use super::result::EnrolmentStatus;
use super::runtime::on_own_thread;
use super::{Inner, backlog, delivery};
use crate::connector::wire::Challenge;
use crate::connector::{
    CandidateKey, Client, ConnectorError, Enrolment, EnrolmentPayload, Purpose, RefusalCode, token_digest,
};
use crate::files;
use crate::model::{Jwk, Settings};
use crate::platform::FailureKind;
use crate::store::{Slot, StoreError};

/// See [`super::Agent::enroll`].
pub(super) async fn enrol(inner: &Inner, payload: &EnrolmentPayload) -> Result<EnrolmentStatus, AgentError> {
    let _alone = Alone::of(inner).await?;
    let client = inner.client();
    let errand = Errand::Enrol { payload, previous: previous(inner, &client).await? };
    let (enrolment, settings) = errand.run(inner, &client).await?;
    let settings = settings.unwrap_or_default();
    inner.store.write(|tx| {
        tx.start_epoch(&enrolment.epoch, inner.host.clock.now())?;
        backlog::abandon(tx)?;
        for stale in STALE_AFTER_ENROLMENT {
            tx.delete(stale)?;
        }
        delivery::forget_connector(tx)?;
        tx.put(Slot::Enrolment, &enrolment)?;
        Ok::<_, AgentError>(tx.put(Slot::Settings, &settings)?)
    })?;
    finish(&client, &enrolment).await;
    log::info!("enrolled; settings version {}", settings.version);
    Ok(EnrolmentStatus::new(&enrolment, &settings))
}

/// See [`super::Agent::rotate_key`].
pub(super) async fn rotate(inner: &Inner) -> Result<EnrolmentStatus, AgentError> {
    let _alone = Alone::of(inner).await?;
    let client = inner.client_by_settings()?;
    let (before, settings) = inner.store.read(|tx| {
        let enrolment: Enrolment = tx.get(Slot::Enrolment)?.ok_or(AgentError::NotEnrolled)?;
        let settings: Settings = tx.get(Slot::Settings)?.unwrap_or_default();
        Ok::<_, AgentError>((enrolment, settings))
    })?;
    // A candidate that the enrolment names is the key in use, and must not be replaced by another.
    let former = client.use_key_of(&before).await?.to_jwk();
    let (after, _) = Errand::Rotate { before }.run(inner, &client).await?;
    inner.store.write(|tx| {
        tx.delete(Slot::Candidate)?;
        let mut keys: Vec<Jwk> = tx.get(Slot::FormerKeys)?.unwrap_or_default();
        keys.push(former);
        keys.drain(..keys.len().saturating_sub(MAX_FORMER_KEYS));
        tx.put(Slot::FormerKeys, &keys)?;
        tx.put(Slot::Enrolment, &after)
    })?;
    finish(&client, &after).await;
    log::info!("the device key was changed");
    Ok(EnrolmentStatus::new(&after, &settings))
}

/// Public keys that are remembered of an enrolment: reports under older ones have long left the queue.
const MAX_FORMER_KEYS: usize = 16;

/// What an earlier enrolment left that says nothing about the new one.
const STALE_AFTER_ENROLMENT: [Slot; 8] = [
    Slot::Candidate,
    Slot::FormerKeys,
    Slot::LastLevel,
    Slot::SharedInventory,
    Slot::Decision,
    Slot::Policy,
    Slot::Disowned,
    Slot::TokenLimit,
];

/// Held while this device's key changes: no other call of this process talks with the connector, and no other process
/// changes the key. Two that made a candidate each would leave the connector with one that is gone.
struct Alone<'a> {
    _calls: MutexGuard<'a, ()>,
    _processes: File,
}

impl<'a> Alone<'a> {
    async fn of(inner: &'a Inner) -> Result<Self, AgentError> {
        let calls = inner.exchange.lock().await;
        let path = inner.config.store.with_extension("lock");
        let processes = on_own_thread(move || files::lock(&path)).await?.map_err(StoreError::from)?;
        Ok(Self { _calls: calls, _processes: processes })
    }
}

/// The enrolment of this device, if its key still signs. One that waits to be unlocked does, and is waited for.
async fn previous(inner: &Inner, client: &Client) -> Result<Option<Enrolment>, AgentError> {
    let Some(enrolment) = inner.store.read(|tx| tx.get::<Enrolment>(Slot::Enrolment))? else {
        return Ok(None);
    };
    match client.use_key_of(&enrolment).await {
        Ok(_) => Ok(Some(enrolment)),
        Err(ConnectorError::Platform(error)) if error.kind == FailureKind::Gone => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What a connector is asked to take a new key for.
enum Errand<'a> {
    Enrol { payload: &'a EnrolmentPayload, previous: Option<Enrolment> },
    Rotate { before: Enrolment },
}

impl Errand<'_> {
    /// Asks with the key of a try that broke off, and where that is refused or gone, with a new one.
    async fn run(&self, inner: &Inner, client: &Client) -> Result<(Enrolment, Option<Settings>), AgentError> {
        let kept: Option<CandidateKey> = inner.store.read(|tx| tx.get(Slot::Candidate))?;
        if let Some(kept) = kept.filter(|kept| kept.purpose == self.purpose())
            && client.has_candidate(&kept).await?
        {
            match self.ask(client, self.challenge(client).await?, &kept).await {
                Err(ConnectorError::Refused(refusal)) if is_about_the_key(refusal.err) => {
                    log::info!("the key of the last try is refused ({}); trying with a new one", refusal.err);
                }
                answer => return Ok(answer?),
            }
        }
        let challenge = self.challenge(client).await?;
        let candidate = client.make_candidate(self.purpose(), &challenge).await?;
        inner.store.write(|tx| tx.put(Slot::Candidate, &candidate))?;
        Ok(self.ask(client, challenge, &candidate).await?)
    }

    fn purpose(&self) -> Purpose {
        match self {
            Self::Enrol { payload, .. } => {
                Purpose::Enrolment { token_sha256: token_digest(payload.token().expose()) }
            }
            Self::Rotate { before } => Purpose::Rotation { epoch: before.epoch.clone() },
        }
    }

    async fn challenge(&self, client: &Client) -> Result<Challenge, ConnectorError> {
        match self {
            Self::Enrol { payload, .. } => client.enrolment_challenge(payload).await,
            Self::Rotate { before } => client.rotation_challenge(before).await,
        }
    }

    async fn ask(
        &self,
        client: &Client,
        challenge: Challenge,
        candidate: &CandidateKey,
    ) -> Result<(Enrolment, Option<Settings>), ConnectorError> {
        match self {
            Self::Enrol { payload, previous } => {
                let answer = client.enrol_with(payload, challenge, candidate, previous.as_ref()).await?;
                Ok((answer.0, Some(answer.1)))
            }
            Self::Rotate { before } => Ok((client.rotate_key(before, challenge, candidate).await?, None)),
        }
    }
}

/// Whether another key may be taken where this one is not: an attestation whose challenge is too old, for one.
const fn is_about_the_key(code: RefusalCode) -> bool {
    matches!(code, RefusalCode::AuthenticationFailed | RefusalCode::InvalidKey)
}

/// Makes the new key the one in use. Where that fails, whoever signs next does it.
async fn finish(client: &Client, enrolment: &Enrolment) {
    if let Err(error) = client.use_key_of(enrolment).await {
        log::warn!("the new device key is not yet the one in use: {error}");
    }
}
