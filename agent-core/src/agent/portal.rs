//! Is a sign-in page in the way of a delivery that failed?

use std::time::Duration;

use tokio::time::Instant;

use super::Inner;
use super::error::AgentError;
use super::runtime::ask_host;
use crate::connector::ConnectorError;
use crate::model::{CheckId, Coverage, Detection, NetworkSettings, NetworkSnapshot, Settings, Sha256};
use crate::network::{self, Recording, baseline::network_key};

/// How long the connectivity checks may take: a sign-in page is near.
const PATIENCE: Duration = Duration::from_secs(4);

/// How long the host may take to name the network where the time is up.
const GRACE: Duration = Duration::from_millis(300);

/// How long a scan's word counts that there is a portal, in seconds.
const RECENT: i64 = 10 * 60;

/// Where a delivery was tried.
pub(super) struct Place {
    /// A digest of what tells the network from others; absent where nothing does.
    pub(super) network: Option<Sha256>,
    /// Whether it lets nobody through until they sign in.
    pub(super) is_portal: bool,
}

/// Whether a failure is one that a portal can cause.
pub(super) const fn may_be_a_portal(error: &ConnectorError) -> bool {
    matches!(
        error,
        ConnectorError::Unreachable { .. }
            | ConnectorError::Timeout { .. }
            | ConnectorError::PinMismatch { .. }
            | ConnectorError::Certificate { .. }
            | ConnectorError::NotTls { .. }
    )
}

/// The network in use: also where the time is up, for what was met is worth nothing without its place.
pub(super) async fn snapshot(inner: &Inner, deadline: Instant) -> NetworkSnapshot {
    let device = inner.host.device.clone();
    let by = deadline.max(Instant::now() + GRACE);
    let told = ask_host(by, move || device.network_snapshot()).await;
    told.unwrap_or_else(NetworkSnapshot::not_available)
}

/// A digest of what tells the network of `snapshot` from others.
pub(super) fn digest(snapshot: &NetworkSnapshot) -> Option<Sha256> {
    network_key(snapshot).map(|key| Sha256::of(key.as_bytes()))
}

/// Looks whether a portal is in the way, after a delivery that failed: by the system's own word, else by the
/// organisation's connectivity checks, else by what a scan found a moment ago.
pub(super) async fn look(inner: &Inner, settings: &Settings, deadline: Instant) -> Result<Place, AgentError> {
    let snapshot = snapshot(inner, deadline).await;
    let network = digest(&snapshot);
    if snapshot.captive.value() == Some(&true) {
        return Ok(Place { network, is_portal: true });
    }
    if !settings.network.captive_probes.is_empty()
        && let Some(is_portal) = checked(inner, settings, snapshot, deadline).await
    {
        return Ok(Place { network, is_portal });
    }
    Ok(Place { network, is_portal: was_found(inner, network)? })
}

/// What the connectivity checks say, by the rules of every scan; `None` where they cannot tell.
async fn checked(
    inner: &Inner,
    settings: &Settings,
    snapshot: NetworkSnapshot,
    deadline: Instant,
) -> Option<bool> {
    let only_captive = NetworkSettings {
        captive_probes: settings.network.captive_probes.clone(),
        inspection_roots: settings.network.inspection_roots.clone(),
        public_roots: settings.network.public_roots.clone(),
        ..NetworkSettings::default()
    };
    let by = deadline.min(Instant::now() + PATIENCE);
    let (device, entropy) = (inner.host.device.clone(), inner.host.entropy.clone());
    let seen = network::measure(&only_captive, snapshot, device, entropy, by).await;
    let judged = network::judge(&Recording::new(seen, only_captive, inner.host.clock.now()));
    let captive = judged.outcomes.into_iter().find(|outcome| outcome.check == CheckId::Captive)?;
    let is_portal = captive.judgements.iter().any(|it| it.detection == Detection::CaptivePortal);
    (is_portal || captive.coverage == Coverage::Complete).then_some(is_portal)
}

fn was_found(inner: &Inner, network: Option<Sha256>) -> Result<bool, AgentError> {
    let now = inner.host.clock.now();
    let findings = inner.store.read(|tx| tx.findings())?;
    Ok(findings.iter().any(|finding| {
        let age = now.unix().saturating_sub(finding.last_seen_at.unix());
        finding.is_open()
            && finding.judgement.detection == Detection::CaptivePortal
            && finding.trace.network == network
            && (0..RECENT).contains(&age)
    }))
}
