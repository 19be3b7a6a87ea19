//! A TCP connection to a host, directly.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::{TcpStream, lookup_host};

use super::attempts::Trace;
use super::meter::{Meter, Metered};
use crate::network::limits::MAX_ADDRESSES;
use crate::network::observation::{Failure, FailureKind, Phase};

/// Connects to `host`, or to `address` where that is given.
///
/// Of several addresses each attempt takes the next, so that one dead address (a broken IPv6 path) does not
/// make the probe a loss.
pub(super) async fn connect(
    host: &str,
    port: u16,
    address: Option<IpAddr>,
    meter: &Arc<Meter>,
    trace: &mut Trace,
) -> Result<Metered, Failure> {
    let addresses = match address.or_else(|| host.parse().ok()) {
        Some(address) => vec![SocketAddr::new(address, port)],
        None => resolve(host, port).await?,
    };
    let mut in_turn = addresses.iter().cycle().skip(trace.number as usize);
    let Some(address) = in_turn.next() else {
        return Err(Failure::new(Phase::Resolve, FailureKind::NameNotResolved, "the name has no address"));
    };
    trace.phase = Phase::Connect;
    trace.address = Some(address.ip());
    let connected = TcpStream::connect(address).await.and_then(|stream| {
        // Each message of a handshake is waited for: none may wait for another to share its packet.
        stream.set_nodelay(true)?;
        Ok(stream)
    });
    connected
        .map(|stream| Metered::new(stream, Arc::clone(meter)))
        .map_err(|error| Failure::from_io(Phase::Connect, &error))
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    let addresses =
        lookup_host((host, port)).await.map_err(|error| Failure::from_io(Phase::Resolve, &error))?;
    Ok(addresses.take(MAX_ADDRESSES).collect())
}
