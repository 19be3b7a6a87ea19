//! One query, one answer: authoritative, minimal, and silent where there is nothing to say. Pure but for the clock
//! that TXT records tell.

use std::net::IpAddr;

use agent_core::canary::{Nonce, Stamp, address_v4, address_v6, txt_strings};
use hickory_proto::op::{Edns, Message, MessageType, Metadata, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, TXT};
use hickory_proto::rr::{DNSClass, RData, Record, RecordType};

use super::zone::{Place, Zone};
use crate::canary::limits::MAX_DNS_DATAGRAM;
use crate::canary::service::Service;

/// How large an answer may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// UDP: as large as the client says, 512 bytes if it does not (RFC 1035, section 4.2.1; RFC 6891, section 6.2.3).
    Datagram,
    /// TCP or HTTPS: any.
    Stream,
}

/// The answer to `query` from `peer`; `None` when it is no query that deserves one.
pub fn answer(service: &Service, query: &[u8], peer: IpAddr, transport: Transport) -> Option<Vec<u8>> {
    if !has_one_question(query) {
        return None;
    }
    let query = Message::from_vec(query).ok()?;
    if query.metadata.message_type != MessageType::Query {
        return None;
    }

    let mut reply = Message::response(query.metadata.id, query.metadata.op_code);
    reply.metadata = Metadata::response_from_request(&query.metadata);
    reply.add_queries(query.queries.iter().cloned());
    if query.edns.is_some() {
        let mut edns = Edns::new();
        edns.set_max_payload(MAX_DNS_DATAGRAM);
        reply.set_edns(edns);
    }
    reply.metadata.response_code = fill(&mut reply, service, &query, peer)?;

    let encoded = reply.to_vec().ok()?;
    if transport == Transport::Datagram
        && encoded.len() > usize::from(query.max_payload().min(MAX_DNS_DATAGRAM))
    {
        return reply.truncate().to_vec().ok();
    }
    Some(encoded)
}

/// Looks at the counts before anything is allocated for them: one question, nothing else but what EDNS and TSIG add.
fn has_one_question(query: &[u8]) -> bool {
    matches!(query, [_, _, _, _, 0, 1, 0, 0, 0, 0, 0, 0..=2, ..])
}

/// Puts the records for `query` into `reply`.
fn fill(reply: &mut Message, service: &Service, query: &Message, peer: IpAddr) -> Option<ResponseCode> {
    if query.metadata.op_code != OpCode::Query {
        return Some(ResponseCode::NotImp);
    }
    if query.version() > 0 {
        return Some(ResponseCode::BADVERS);
    }
    let question = query.queries.first()?;
    let transfer = matches!(question.query_type(), RecordType::AXFR | RecordType::IXFR);
    let Some(zone) = service.zone.as_ref().filter(|_| question.query_class() == DNSClass::IN && !transfer)
    else {
        return Some(ResponseCode::Refused);
    };
    let (code, record) = match zone.place(question.name()) {
        Place::Elsewhere => return Some(ResponseCode::Refused),
        Place::Missing => (ResponseCode::NXDomain, None),
        Place::Apex => (ResponseCode::NoError, apex_record(zone, question.query_type())),
        Place::Nonce(nonce) => (ResponseCode::NoError, nonce_record(service, zone, question, nonce, peer)),
    };
    reply.metadata.authoritative = true;
    match record {
        Some(record) => reply.add_answer(record),
        None => reply.add_authority(zone.soa()),
    };
    Some(code)
}

fn apex_record(zone: &Zone, asked: RecordType) -> Option<Record> {
    match asked {
        RecordType::SOA | RecordType::ANY => Some(zone.soa()),
        RecordType::NS => Some(zone.ns()),
        _ => None,
    }
}

/// The record of a nonce's name. `ANY` gets one of them (RFC 8482, section 4.1).
fn nonce_record(
    service: &Service,
    zone: &Zone,
    question: &Query,
    nonce: Nonce,
    peer: IpAddr,
) -> Option<Record> {
    let data = match question.query_type() {
        RecordType::A | RecordType::ANY => RData::A(A(address_v4(&nonce, zone.text()))),
        RecordType::AAAA => RData::AAAA(AAAA(address_v6(&nonce, zone.text()))),
        RecordType::TXT => {
            let token = service.sign_stamp(Stamp::Dns, nonce, peer)?;
            RData::TXT(TXT::new(txt_strings(&token)))
        }
        _ => return None,
    };
    Some(Record::from_rdata(question.name().clone(), 0, data))
}
