//! Sizes, counts and times of the server.

use std::time::Duration;

/// Longest life of a connection, from acceptance to the end of the reply. The slowest link that agents work on needs
/// three round trips of 800 ms, some of them twice.
pub const MAX_CONNECTION_TIME: Duration = Duration::from_secs(15);

/// How long the peer's last bytes are awaited after the reply, so that closing does not reset the reply away.
pub const LINGER_TIME: Duration = Duration::from_secs(2);

/// Most bytes that are read and thrown away meanwhile.
pub const LINGER_BYTES: u64 = 64 * 1024;

/// Connections at once, over all listeners: 40 MB at the worst, all in the middle of a handshake.
pub const MAX_CONNECTIONS: usize = 1024;

/// Connections that one peer may open in a row, and then a second. An office behind one address, in which forty
/// phones notice a new network at once, opens about 600.
pub const CONNECTION_BURST: u32 = 600;
/// See [`CONNECTION_BURST`].
pub const CONNECTIONS_PER_SECOND: u32 = 30;

/// Datagrams that one peer may send in a row, and then a second: a large resolver asks for many phones.
pub const DATAGRAM_BURST: u32 = 1000;
/// See [`DATAGRAM_BURST`].
pub const DATAGRAMS_PER_SECOND: u32 = 200;

/// Peers that are told apart when their questions are counted.
pub const PEER_SLOTS: usize = 8192;

/// Longest DNS query that is read, in bytes. Real ones, padded and with cookies, stay under 512.
pub const MAX_DNS_QUERY: usize = 4096;

/// Largest DNS answer over UDP, in bytes (DNS flag day 2020); a larger one is truncated.
pub const MAX_DNS_DATAGRAM: u16 = 1232;

/// DNS queries that are answered on one TCP connection.
pub const MAX_QUERIES_PER_CONNECTION: usize = 32;

/// Wait after a failed `accept`: out of file descriptors, which only time mends.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long open connections may go on when the canary stops.
pub const STOP_TIME: Duration = Duration::from_secs(2);

/// Attempts to find a free port that UDP and TCP can share.
pub const PORT_ATTEMPTS: usize = 16;
