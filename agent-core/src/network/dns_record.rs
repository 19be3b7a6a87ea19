//! What was asked over DNS, and everything that came back.
//!
//! A query is recorded with all datagrams that arrived at its port while it was listened for, in the order of their
//! arrival: the fitting ones as they were read, the others with the reason why they do not fit. The raw bytes are
//! there too, cut where they are long.

use std::net::{IpAddr, SocketAddr};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::observation::Attempt;
use crate::canary::Nonce;
use crate::model::words::words;

/// One question to one server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsProbe {
    /// What the question is for.
    pub aim: DnsAim,
    /// The server: as the platform names it, `address:port`, or the URL of DNS over HTTPS.
    pub server: String,
    /// The name asked for, in lower case; an attempt may ask in a random case of its own.
    pub name: String,
    /// The type asked for.
    pub record: DnsType,
    /// What happened, first attempt first. Only the last can be an answer.
    pub attempts: Vec<Attempt<DnsAnswers>>,
}

/// What a question is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum DnsAim {
    /// A canary's name, whose right answer is known, asked of a server of the network.
    Nonce {
        /// The zone.
        zone: String,
        /// The nonce.
        nonce: Nonce,
    },
    /// The same asked of the canary itself over HTTPS.
    Canary {
        /// The zone.
        zone: String,
        /// The nonce.
        nonce: Nonce,
    },
    /// A zone that is declared split-horizon, asked of a server of the network.
    Declared {
        /// The zone.
        zone: String,
    },
    /// A name that does not exist, asked of a server of the network.
    Missing,
    /// Any name, asked of an address at which nothing answers DNS. No answer is what should be seen.
    NoResolver,
}

words! {
    /// The types of record that are asked for.
    pub enum DnsType {
        /// IPv4 address.
        A = "A",
        /// IPv6 address.
        Aaaa = "AAAA",
        /// Text.
        Txt = "TXT",
    }
}

words! {
    /// How an answer came.
    pub enum DnsTransport {
        /// UDP.
        Udp = "udp",
        /// TCP, because the answer over UDP was cut short.
        Tcp = "tcp",
        /// HTTPS (RFC 8484).
        Https = "https",
    }
}

/// Everything that came back to one query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsAnswers {
    /// How the last of it came.
    pub transport: DnsTransport,
    /// What arrived, in order.
    pub packets: Vec<DnsPacket>,
    /// Datagrams beyond what is kept: at least so many, where a flood ended the listening.
    #[serde(default)]
    pub dropped: u64,
}

impl DnsAnswers {
    /// The whole answers among what arrived: fitting, and not cut short.
    pub fn whole(&self) -> impl Iterator<Item = (&DnsPacket, &DnsMessage)> + Clone {
        self.packets.iter().filter_map(|packet| match &packet.reading {
            DnsReading::Answer(message) if !message.truncated => Some((packet, message)),
            _ => None,
        })
    }
}

/// One datagram, or one message over TCP or HTTPS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsPacket {
    /// Where it came from.
    pub from: SocketAddr,
    /// How long after the query, in milliseconds.
    pub delay_ms: u64,
    /// Its size in bytes.
    pub size: u64,
    /// Its bytes, cut where they are many; base64.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub raw: Vec<u8>,
    /// What it says.
    pub reading: DnsReading,
}

/// Whether a message answers the query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DnsReading {
    /// It does: it came from the server that was asked, with the query's number and question.
    Answer(DnsMessage),
    /// It does not.
    Misfit(String),
}

/// The part of a DNS message that is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsMessage {
    /// Response code: 0 no error, 3 no such name (RFC 6895, section 2.3).
    pub rcode: u16,
    /// Whether it was cut short.
    #[serde(default)]
    pub truncated: bool,
    /// Whether the question came back in the case that it was sent in. Some honest resolvers change it.
    pub case_kept: bool,
    /// The addresses of the type asked for, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<DnsAddress>,
    /// The text of the first TXT record, its strings joined, if it can be a canary's reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// One address record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsAddress {
    /// The address.
    pub address: IpAddr,
    /// Time to live, in seconds.
    pub ttl: u32,
}

fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    BASE64_STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
}
