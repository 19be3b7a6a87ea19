//! Measures the network: sends, receives, writes down. Never judges.
//!
//! There are two tiers (see [`super::tier`]). Within a tier, and where everything is wanted from the start, every
//! probe runs at once; each is bounded by the caller's deadline, and what was not reached by then is recorded as such.
//! The second tier begins when the first was judged not to be enough, or takes too long to tell.
//! Dropping the future cancels everything but a name lookup or a question to the platform that has
//! already been handed to a blocking thread: those end by themselves, and nobody waits for them.
//!
//! Proxies are not used: a check of the path must take the path.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::limits::{FIRST_TIER_PATIENCE, MAX_CANARIES, MAX_CAPTIVE_PROBES, MAX_ENDPOINTS};
use super::observation::Observations;
use super::tier::FirstTier;
use crate::model::{Depth, NetworkSettings, NetworkSnapshot};
use crate::platform::{DeviceHost, Entropy};
use meter::Meter;
use tiers::Part;

mod attempts;
mod canary;
mod captive;
mod clear;
mod connect;
mod dns;
mod dns_https;
mod dns_message;
mod dns_plain;
mod exchange;
mod failure;
mod fallback;
#[cfg(fuzzing)]
pub mod fuzzing;
mod hop;
mod http1;
mod meter;
mod nonces;
mod path;
mod portal_api;
mod tiers;
mod tls;
mod witness;

#[cfg(test)]
mod tests;

/// Makes every probe that `settings` name, all at once, and ends by `deadline` or the hard stop of everything, with
/// whatever was seen until then.
///
/// `host` is asked for the platform's verdict on each chain; a host that does not answer in time is recorded
/// as one that cannot tell. `entropy` is for what nobody may guess; a probe that needs it and gets none is not made.
pub async fn measure(
    settings: &NetworkSettings,
    network: NetworkSnapshot,
    host: Arc<dyn DeviceHost>,
    entropy: Arc<dyn Entropy>,
    deadline: Instant,
) -> Observations {
    let line = Line::new(settings, network, host, entropy, deadline);
    let seen = line.probe(Part::Whole).await;
    line.finish(seen, Depth::Everything).await
}

/// Makes the probes of the first tier, and the others too unless the record of the first `is_enough`. What is known
/// is not asked for again. Otherwise like [`measure`].
pub async fn measure_in_tiers(
    settings: &NetworkSettings,
    network: NetworkSnapshot,
    host: Arc<dyn DeviceHost>,
    entropy: Arc<dyn Entropy>,
    deadline: Instant,
    is_enough: impl FnOnce(&Observations) -> bool + Send,
) -> Observations {
    let line = Line::new(settings, network, host, entropy, deadline);
    let mut first = pin!(line.probe(Part::First));
    let (first, rest) = match timeout(FIRST_TIER_PATIENCE, &mut first).await {
        Ok(first) => {
            let first = line.finish(first, Depth::First).await;
            if is_enough(&first) {
                return first;
            }
            (first, line.probe(Part::Rest).await)
        }
        Err(_) => tokio::join!(first, line.probe(Part::Rest)),
    };
    line.finish(tiers::join(first, rest, settings), Depth::Everything).await
}

/// What every probe of one scan shares.
struct Line<'a> {
    settings: &'a NetworkSettings,
    network: NetworkSnapshot,
    host: Arc<dyn DeviceHost>,
    entropy: Arc<dyn Entropy>,
    meter: Arc<Meter>,
    begin: Instant,
    deadline: Instant,
}

impl<'a> Line<'a> {
    fn new(
        settings: &'a NetworkSettings,
        network: NetworkSnapshot,
        host: Arc<dyn DeviceHost>,
        entropy: Arc<dyn Entropy>,
        deadline: Instant,
    ) -> Self {
        Self { settings, network, host, entropy, meter: Arc::default(), begin: Instant::now(), deadline }
    }

    /// Makes the probes of `part`.
    async fn probe(&self, part: Part) -> Observations {
        let Self { settings, network, host, entropy, meter, .. } = self;
        let deadline = self.deadline.min(self.begin + part.limit());
        let first_tier = FirstTier::of(settings);
        let captive = settings
            .captive_probes
            .iter()
            .enumerate()
            .take(MAX_CAPTIVE_PROBES)
            .filter(|(number, _)| part.of(first_tier.captive.contains(number)).is_some_and(Part::begins))
            .map(|(_, url)| captive::probe(url.clone(), Arc::clone(meter), deadline));
        let tls = settings
            .endpoints
            .iter()
            .enumerate()
            .take(MAX_ENDPOINTS)
            .filter(|(number, _)| part.of(first_tier.endpoints.contains(number)).is_some_and(Part::begins))
            .map(|(_, endpoint)| tls::probe(endpoint.into(), Arc::clone(host), Arc::clone(meter), deadline));
        let canaries =
            settings.canaries.iter().enumerate().take(MAX_CANARIES).filter_map(|(number, settings)| {
                let part = part.of(first_tier.canaries.contains(&number))?;
                let asker = canary::Asker::new(settings, Arc::clone(entropy), Arc::clone(meter), deadline);
                Some(canary::probe(asker, Arc::clone(host), part))
            });

        let portal_api = async {
            let url = network.portal_api.value().filter(|_| part.begins()).cloned();
            portal_api::probe(url, Arc::clone(meter), deadline).await
        };
        let paths = async {
            if part == Part::First { Vec::new() } else { path::probes(settings, meter, deadline).await }
        };
        let dns = dns::probes(settings, network, host, meter, entropy, (part, deadline));

        let (captive, tls, canaries, (dns, dns_tls), portal_api, paths) =
            tokio::join!(all(captive), all(tls), all(canaries), dns, portal_api, paths);
        Observations {
            captive,
            tls,
            canaries,
            dns,
            dns_tls,
            portal_api,
            paths,
            ..Observations::of(network.clone())
        }
    }

    /// The record of `seen`, with what the platform tells of the network now.
    async fn finish(&self, seen: Observations, depth: Depth) -> Observations {
        let network_after = after(Arc::clone(&self.host), self.deadline).await;
        Observations { depth, network_after, traffic: self.meter.traffic(), ..seen }
    }
}

/// What the platform tells of the network now. A question that got no thread by `deadline` is not asked any more.
async fn after(host: Arc<dyn DeviceHost>, deadline: Instant) -> Option<NetworkSnapshot> {
    let mut asked = JoinSet::new();
    asked.spawn_blocking(move || host.network_snapshot());
    timeout_at(deadline, asked.join_next()).await.ok()??.ok()
}

/// Runs `futures` at once; the results are in their order.
async fn all<F>(futures: impl Iterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for (number, future) in futures.enumerate() {
        tasks.spawn(async move { (number, future.await) });
    }
    let mut results = BTreeMap::new();
    while let Some(ended) = tasks.join_next().await {
        results.extend(ended);
    }
    results.into_values().collect()
}
