//! Measures the network: sends, receives, writes down. Never judges.
//!
//! Every probe runs at once and is bounded by the caller's deadline; what was not reached by then is recorded
//! as such. Dropping the future cancels everything but a name lookup or a question to the platform that has
//! already been handed to a blocking thread: those end by themselves, and nobody waits for them.
//!
//! Proxies are not used: a check of the path must take the path.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::limits::{MAX_CANARIES, MAX_CAPTIVE_PROBES, MAX_ENDPOINTS};
use super::observation::Observations;
use crate::model::{NetworkSettings, NetworkSnapshot};
use crate::platform::{DeviceHost, Entropy};
use meter::Meter;

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
#[cfg(fuzzing)]
pub mod fuzzing;
mod http1;
mod meter;
mod nonces;
mod tls;
mod verifier;
mod witness;

#[cfg(test)]
mod tests;

/// Makes every probe that `settings` name and ends by `deadline`, with whatever was seen until then.
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
    let meter = Arc::new(Meter::default());
    let captive = settings
        .captive_probes
        .iter()
        .take(MAX_CAPTIVE_PROBES)
        .map(|url| captive::probe(url.clone(), Arc::clone(&meter), deadline));
    let tls = settings
        .endpoints
        .iter()
        .take(MAX_ENDPOINTS)
        .map(|endpoint| tls::probe(endpoint.into(), Arc::clone(&host), Arc::clone(&meter), deadline));
    let canaries = settings.canaries.iter().take(MAX_CANARIES).map(|settings| {
        let asker = canary::Asker::new(settings, Arc::clone(&entropy), Arc::clone(&meter), deadline);
        canary::probe(asker, Arc::clone(&host))
    });

    let dns = dns::probes(settings, &network, &host, &meter, &entropy, deadline);

    let (captive, tls, canaries, (dns, dns_tls)) = tokio::join!(all(captive), all(tls), all(canaries), dns);
    Observations { network, captive, tls, canaries, dns, dns_tls, traffic: meter.traffic() }
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
