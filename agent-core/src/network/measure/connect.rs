//! A TCP connection to a host, directly.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::{TcpStream, lookup_host};

use super::attempts::Trace;
use super::meter::{Meter, Metered};
use crate::network::limits::MAX_ADDRESSES;
use crate::network::observation::{Failure, FailureKind, Phase};

/// Connects to `host`, or to one of `addresses` where there are some.
///
/// Of several addresses each attempt takes the next, so that one dead address (a broken IPv6 path) does not
/// make the probe a loss. One to which there is no route takes no attempt: on a network with IPv6 only, that goes for
/// every IPv4 address.
pub(super) async fn connect(
    host: &str,
    port: u16,
    addresses: &[IpAddr],
    meter: &Arc<Meter>,
    trace: &mut Trace,
) -> Result<Metered, Failure> {
    let addresses = match (addresses, host.parse()) {
        ([], Ok(address)) => vec![SocketAddr::new(address, port)],
        ([], Err(_)) => resolve(host, port).await?,
        (known, _) => known.iter().take(MAX_ADDRESSES).map(|ip| SocketAddr::new(*ip, port)).collect(),
    };
    let mut failure = Failure::new(Phase::Resolve, FailureKind::NameNotResolved, "the name has no address");
    for address in addresses.iter().cycle().skip(trace.number as usize).take(addresses.len()) {
        trace.phase = Phase::Connect;
        trace.address = Some(address.ip());
        let error = match open(*address).await {
            Ok(stream) => return Ok(Metered::new(stream, Arc::clone(meter))),
            Err(error) => error,
        };
        failure = Failure::from_io(Phase::Connect, &error);
        if !is_without_route(&error) {
            break;
        }
    }
    Err(failure)
}

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    // Each message of a handshake is waited for: none may wait for another to share its packet.
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn is_without_route(error: &io::Error) -> bool {
    use io::ErrorKind;
    matches!(
        error.kind(),
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::AddrNotAvailable
    )
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    let addresses =
        lookup_host((host, port)).await.map_err(|error| Failure::from_io(Phase::Resolve, &error))?;
    Ok(addresses.take(MAX_ADDRESSES).collect())
}
