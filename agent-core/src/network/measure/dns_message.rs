//! Queries to the byte, and what is read of answers. Only here is the DNS library used.

use std::net::IpAddr;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RData, RecordType};

use crate::canary::token_of_txt;
use crate::network::dns_record::{DnsAddress, DnsMessage, DnsReading, DnsType};
use crate::network::limits::{MAX_DNS_ADDRESSES, MAX_DNS_READ, MAX_DNS_RECORDED};
use crate::network::observation::Failure;
use crate::network::words::plain;
use crate::platform::Entropy;

/// How a query is put. Whoever forges answers may pass over one form and not the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As a stub resolver does (glibc, unless told otherwise): without EDNS, the name as it is. dnsspoof of dsniff
    /// answers no other.
    Stub,
    /// As a resolver does: with EDNS (RFC 6891), and the letters in random case.
    Edns,
}

/// A query that nobody can answer who has not seen it: its number is random, and the case of its letters may be.
pub(super) struct Asked {
    id: u16,
    query: Query,
    bytes: Vec<u8>,
}

impl Asked {
    /// A query in the form that tells most.
    pub(super) fn new(name: &str, record: DnsType, entropy: &dyn Entropy) -> Result<Self, Failure> {
        Self::in_form(name, record, Form::Edns, entropy)
    }

    pub(super) fn in_form(
        name: &str,
        record: DnsType,
        form: Form,
        entropy: &dyn Entropy,
    ) -> Result<Self, Failure> {
        let mut random = [0; 2 + CASE_BYTES];
        entropy.fill(&mut random).map_err(|error| Failure::configuration(error.to_string()))?;
        let (id, case) = random.split_first_chunk::<2>().unwrap_or((&[0; 2], &[]));
        let id = u16::from_be_bytes(*id);
        let cased = match form {
            Form::Stub => name.to_owned(),
            Form::Edns => in_random_case(name, case),
        };
        let mut name = Name::from_ascii(cased)
            .map_err(|error| Failure::configuration(format!("not a domain name: {error}")))?;
        name.set_fqdn(true);
        let query = Query::query(name, record_type(record));

        let mut message = Message::new(id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(query.clone());
        if form == Form::Edns {
            let mut edns = Edns::new();
            edns.set_max_payload(MAX_DNS_RECORDED as u16);
            message.set_edns(edns);
        }
        let bytes = message.to_vec().map_err(|error| Failure::configuration(error.to_string()))?;
        Ok(Self { id, query, bytes })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads `bytes`, whatever they are, as an answer to this query.
    pub(super) fn read(&self, bytes: &[u8]) -> DnsReading {
        match self.message(bytes) {
            Ok(message) => DnsReading::Answer(message),
            Err(why) => DnsReading::Misfit(plain(&why)),
        }
    }

    fn message(&self, bytes: &[u8]) -> Result<DnsMessage, String> {
        if bytes.len() > MAX_DNS_READ {
            return Err(format!("{} bytes, more than the {MAX_DNS_READ} that are read", bytes.len()));
        }
        let message = Message::from_vec(bytes).map_err(|error| format!("not a DNS message: {error}"))?;
        if message.metadata.id != self.id {
            return Err(format!("number {} instead of {}", message.metadata.id, self.id));
        }
        if message.metadata.message_type != MessageType::Response {
            return Err("a query, not an answer".to_owned());
        }
        let [question] = message.queries.as_slice() else {
            return Err(format!("{} questions instead of one", message.queries.len()));
        };
        if *question != self.query {
            return Err(format!("the answer to another question: {question}"));
        }
        let wanted = self.query.query_type();
        let records = message.answers.iter().filter(|record| record.record_type() == wanted);
        Ok(DnsMessage {
            rcode: message.metadata.response_code.into(),
            truncated: message.metadata.truncation,
            case_kept: question.name().eq_case(self.query.name()),
            addresses: records
                .clone()
                .filter_map(|record| Some(DnsAddress { address: address(&record.data)?, ttl: record.ttl }))
                .take(MAX_DNS_ADDRESSES)
                .collect(),
            text: records.clone().find_map(|record| text(&record.data)),
        })
    }
}

/// Random bytes for the case of a name's letters, a bit each: as many as a name can have.
const CASE_BYTES: usize = 32;

/// `name` with the case of each letter by a bit of `random` (draft-vixie-dnsext-dns0x20).
fn in_random_case(name: &str, random: &[u8]) -> String {
    let bits = random.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
    let cased = name.chars().zip(bits.chain(std::iter::repeat(false)));
    cased.map(|(letter, upper)| if upper { letter.to_ascii_uppercase() } else { letter }).collect()
}

const fn record_type(record: DnsType) -> RecordType {
    match record {
        DnsType::A => RecordType::A,
        DnsType::Aaaa => RecordType::AAAA,
        DnsType::Txt => RecordType::TXT,
    }
}

fn address(data: &RData) -> Option<IpAddr> {
    match data {
        RData::A(address) => Some(address.0.into()),
        RData::AAAA(address) => Some(address.0.into()),
        _ => None,
    }
}

fn text(data: &RData) -> Option<String> {
    match data {
        RData::TXT(text) => token_of_txt(text.txt_data.iter().map(AsRef::as_ref)),
        _ => None,
    }
}
