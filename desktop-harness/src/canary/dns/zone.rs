//! The canary's zone: an apex with SOA and NS, and one name for every nonce.
//!
//! Nothing may be cached: every answer has a time to live of zero, but for the name server's own name.

use agent_core::canary::{Nonce, nonce_of_name};
use hickory_proto::rr::rdata::{NS, SOA};
use hickory_proto::rr::{Name, RData, Record};

use crate::canary::error::CanaryError;

/// Time to live of the NS record, in seconds.
const NS_TTL: u32 = 3600;

/// Longest zone name: 33 bytes less than a name, for the nonce.
const MAX_ZONE: usize = 220;

/// A zone with its one name server.
#[derive(Clone, Debug)]
pub struct Zone {
    text: String,
    apex: Name,
    name_server: Name,
    contact: Name,
}

/// What a name is to the zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Outside.
    Elsewhere,
    /// The zone itself.
    Apex,
    /// The name of a nonce.
    Nonce(Nonce),
    /// Inside, and not there.
    Missing,
}

impl Zone {
    /// The zone `zone`, served by `host`, which lies outside of it so that its address is no business of ours.
    pub fn new(zone: &str, host: &str) -> Result<Self, CanaryError> {
        let text = zone.strip_suffix('.').unwrap_or(zone).to_ascii_lowercase();
        let apex = absolute(&text)?;
        let name_server = absolute(host.strip_suffix('.').unwrap_or(host))?;
        if apex.is_root() || text.len() > MAX_ZONE {
            return Err(CanaryError::Config(format!("zone \"{zone}\" must have 1 to {MAX_ZONE} characters")));
        }
        if apex.zone_of(&name_server) {
            let why = format!("host name \"{host}\" must lie outside the zone \"{zone}\" that it serves");
            return Err(CanaryError::Config(why));
        }
        let contact = absolute(&format!("hostmaster.{text}"))?;
        Ok(Self { text, apex, name_server, contact })
    }

    /// The zone's name in lower case, without a final dot.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where `name` lies.
    pub fn place(&self, name: &Name) -> Place {
        if !self.apex.zone_of(name) {
            return Place::Elsewhere;
        }
        if name.zone_of(&self.apex) {
            return Place::Apex;
        }
        nonce_of_name(&name.to_ascii(), &self.text).map_or(Place::Missing, Place::Nonce)
    }

    /// The apex SOA. Its minimum of zero keeps "no such name" out of caches.
    pub fn soa(&self) -> Record {
        let (serial, refresh, retry, expire, minimum) = (1, 3600, 600, 86400, 0);
        let soa =
            SOA::new(self.name_server.clone(), self.contact.clone(), serial, refresh, retry, expire, minimum);
        Record::from_rdata(self.apex.clone(), 0, RData::SOA(soa))
    }

    /// The apex NS.
    pub fn ns(&self) -> Record {
        Record::from_rdata(self.apex.clone(), NS_TTL, RData::NS(NS(self.name_server.clone())))
    }
}

fn absolute(text: &str) -> Result<Name, CanaryError> {
    let mut name = Name::from_ascii(text)
        .map_err(|error| CanaryError::Config(format!("\"{text}\" is not a domain name: {error}")))?;
    name.set_fqdn(true);
    Ok(name)
}
