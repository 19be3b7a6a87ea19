//! Every limit of the network checks. A peer on a hostile network decides what it sends; these decide how much
//! of it is taken.

use std::time::Duration;

use crate::canary::MAX_BODY;

/// Hard stop of the first tier (NETWORK.md, Budgets).
pub(super) const FIRST_TIER_LIMIT: Duration = Duration::from_secs(10);

/// Hard stop of everything (NETWORK.md, Budgets).
pub(super) const EVERYTHING_LIMIT: Duration = Duration::from_secs(12);

/// A first tier that takes longer than its 95th percentile (NETWORK.md, Budgets) is out of the ordinary by itself:
/// the rest begins beside it, and has 8 s.
pub(super) const FIRST_TIER_PATIENCE: Duration = Duration::from_secs(4);

/// Endpoints that are probed; more in the settings stay unmeasured. Five times the three that quorum wants.
pub(super) const MAX_ENDPOINTS: usize = 16;

/// Canaries that are asked. Three in different networks are advised.
pub(super) const MAX_CANARIES: usize = 4;

/// Bytes of a canary's response that are read: more than the longest that one sends.
pub(super) const MAX_CANARY_RESPONSE: usize = MAX_HTTP_HEAD + MAX_BODY + 1024;

/// Difference from a canary's signed time, in seconds, from which the device's clock is wrong: the usual tolerance
/// of protocols that depend on it (Kerberos), and far above the time that an exchange takes.
pub(super) const CLOCK_TOLERANCE: i64 = 5 * 60;

/// Captive portal probes that are made. One of each scheme is usual.
pub(super) const MAX_CAPTIVE_PROBES: usize = 8;

/// Attempts at one probe, on loss (NETWORK.md, decision 2).
pub(super) const MAX_ATTEMPTS: u32 = 3;

/// Longest attempt, from resolving the name to the last byte. Three of them and their pauses end within the
/// 10 s at which the first tier of checks must stop.
pub(super) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);

/// Ordinary TLS handshakes that may end in a time-out before an older version is tried: with one more of either after
/// them, all end within the first tier's 10 s.
pub(super) const MAX_HANDSHAKE_TIMEOUTS: u32 = 2;

/// Pause before the second attempt; before the third it is twice as long.
pub(super) const BACKOFF: Duration = Duration::from_millis(200);

/// Addresses of one name that are tried, one an attempt.
pub(super) const MAX_ADDRESSES: usize = MAX_ATTEMPTS as usize;

/// Bytes that are received over one connection, whatever it speaks. A handshake is at most 64 KiB.
pub(super) const MAX_RECEIVED: u64 = 96 * 1024;

/// Bytes that one scan receives over all its connections, under the worst of conditions: every read beyond them fails.
/// Everything takes 60 kB as a rule (NETWORK.md, Budgets); sixteen endpoints with long chains and four canaries that
/// all need a second attempt take 470 kB. What is not known by then stays unknown.
pub(super) const MAX_SCAN_RECEIVED: u64 = 512 * 1024;

/// Bytes that one scan receives in datagrams. Apart from the connections, for nobody needs to be in the path to send
/// datagrams: a flood of them must not use up what the connections need.
pub(super) const MAX_SCAN_DATAGRAMS: u64 = 256 * 1024;

/// Certificates of one chain that are kept and judged, leaf first. Public chains have at most five.
pub(super) const MAX_CERTIFICATES: usize = 16;

/// Bytes of one chain that are kept and judged: the largest Certificate message that rustls takes.
pub(super) const MAX_CHAIN_BYTES: usize = 64 * 1024;

/// Certificates of one name that are tried as issuers. A cross-signed authority has two.
pub(super) const MAX_SAME_SUBJECT: usize = 2;

/// Bytes of an HTTP response's head: what hyper needs at least for its buffer.
pub(super) const MAX_HTTP_HEAD: usize = 8 * 1024;

/// Fields of an HTTP response's head. Portals send about twenty.
pub(super) const MAX_HTTP_FIELDS: usize = 64;

/// Bytes of an HTTP body that are read. Enough to tell one sign-in page from another by its digest.
pub(super) const MAX_HTTP_BODY: usize = 8 * 1024;

/// Longest wait for a body once the head is there: the head alone tells a portal.
pub(super) const BODY_TIMEOUT: Duration = Duration::from_secs(1);

/// Canaries whose zones are asked for; quorum wants three.
pub(super) const MAX_DNS_CANARIES: usize = 3;

/// Zones declared split-horizon that are asked for.
pub(super) const MAX_SPLIT_HORIZON: usize = 4;

/// DNS servers of the network that are asked: as many as resolv.conf(5) takes.
pub(super) const MAX_DNS_SERVERS: usize = 3;

/// How long the answers to one query are kept (NETWORK.md, dns.path): the true answer of a race comes second.
pub(super) const DNS_WINDOW: Duration = Duration::from_millis(1500);

/// Kept free before an end, so that what did come until then is recorded.
pub(super) const RECORD_MARGIN: Duration = Duration::from_millis(50);

/// Datagrams that are kept of those that answer one query, and as many that do not.
pub(super) const MAX_DNS_PACKETS: usize = 8;

/// Datagrams that are received after one query, however small. More are a flood, which ends the listening.
pub(super) const MAX_DNS_DATAGRAMS: u64 = 256;

/// Bytes of a DNS message that are taken: the most that its length field allows.
pub(super) const MAX_DNS_MESSAGE: usize = 65_535;

/// Bytes of the longest DNS message that is read. A signed TXT record is half as long; and a name may be reached by as
/// many steps back as the bytes before it allow, so that reading takes time in the square of the length.
pub(super) const MAX_DNS_READ: usize = 4096;

/// Bytes of a DNS message that are recorded: an ordinary datagram.
pub(super) const MAX_DNS_RECORDED: usize = 1232;

/// Addresses of one DNS message that are recorded. A nonce's name has one.
pub(super) const MAX_DNS_ADDRESSES: usize = 16;

/// Wrongly answered addresses that a handshake is tried with.
pub(super) const MAX_DNS_FOLLOWED: usize = 4;

/// Time for those handshakes: one attempt, and another where the first fails at once. Nobody need be there.
pub(super) const DNS_FOLLOW: Duration = Duration::from_secs(4);

/// Seconds that a portal excuses what it may be the cause of, once the network was open (NETWORK.md, decision 3).
pub(super) const PORTAL_PATIENCE: i64 = 10 * 60;

/// Seconds for which it is remembered that private DNS worked on a network: one on which it has not for a month is
/// a network without.
pub(super) const PRIVATE_DNS_MEMORY: i64 = 30 * 24 * 60 * 60;

/// Destinations of each family to which the way is followed: one may be down, or have a way of its own.
pub(super) const MAX_PATH_DESTINATIONS: usize = 2;

/// Hops that are asked for: a host between device and gateway is the first, the gateway then the second, and what
/// follows the gateway tells a shift from a gateway that answers twice.
pub(super) const MAX_HOPS: u8 = 3;

/// How long a hop is waited for, an attempt. Three of them and their pauses end after 1.5 s, and an answer to the
/// first counts until then.
pub(super) const HOP_WAIT: Duration = Duration::from_millis(300);

/// Longest wait for the address of a destination that the settings name without one.
pub(super) const PATH_LOOKUP_WAIT: Duration = Duration::from_millis(500);

/// Ways out of one network that are remembered: two of each of a family's destinations.
pub(super) const MAX_PAST_PATHS: usize = 8;

/// Bytes of a URL or `Location` that are recorded.
pub(super) const MAX_URL: usize = 1024;

/// Characters of a peer's or the platform's words that are kept in a record or shown as evidence.
pub(super) const MAX_WORDS: usize = 200;

/// Moments besides now at which a chain with a date error is verified again.
pub(super) const MAX_OTHER_MOMENTS: usize = 4;

/// SCTs of one certificate that are judged, each at the cost of a signature. Public certificates have two to five.
pub(super) const MAX_SCTS: usize = 16;

/// Places with one name that are remembered: a chain's cafés that one person frequents.
pub(super) const MAX_SITES: usize = 8;

/// Normal values of one fact of a place that are remembered. A campus has this many access points in reach of a day.
pub(super) const MAX_NORMAL: usize = 32;

/// Doubtful values of one fact of a place that are remembered.
pub(super) const MAX_TRIALS: usize = 8;

/// Gateways of a place whose hardware addresses are remembered.
pub(super) const MAX_GATEWAYS: usize = 8;

/// How long, in seconds, a change must stay without harm to become the new normal: a week, longer than a guest stays.
pub(super) const TRIAL_SECONDS: i64 = 7 * 24 * 60 * 60;

/// Gateways and DNS servers, each, that are looked at. A network has at most three of either.
pub(super) const MAX_LINK_ADDRESSES: usize = 16;

/// Neighbours that are looked at: a full /22.
pub(super) const MAX_NEIGHBOURS: usize = 1024;
