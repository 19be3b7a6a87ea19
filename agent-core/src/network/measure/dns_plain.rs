//! DNS over UDP, and over TCP where the answer is cut short.
//!
//! Every query has a socket of its own, and thereby a port that the operating system chose. It takes datagrams from
//! anybody: what does not come from the server that was asked is recorded as such.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use super::attempts::{Exchange, Trace, milliseconds};
use super::connect::connect;
use super::dns_message::{Asked, Form};
use super::meter::Meter;
use crate::network::dns_record::{DnsAnswers, DnsPacket, DnsReading, DnsTransport, DnsType};
use crate::network::limits::{
    MAX_DNS_DATAGRAMS, MAX_DNS_MESSAGE, MAX_DNS_PACKETS, MAX_DNS_RECORDED, RECORD_MARGIN,
};
use crate::network::observation::{Failure, FailureKind, Phase};
use crate::platform::Entropy;

/// A question to one server.
pub(super) struct PlainExchange {
    pub(super) name: String,
    pub(super) record: DnsType,
    pub(super) form: Form,
    pub(super) server: SocketAddr,
    /// How long answers are waited for, the second ones too.
    pub(super) window: Duration,
    /// Whether no answer is an answer.
    pub(super) silence_counts: bool,
    /// Whether the first whole answer will do, with no look at what comes after it.
    pub(super) first_answer_ends: bool,
    pub(super) meter: Arc<Meter>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) deadline: Instant,
}

impl Exchange for PlainExchange {
    type Answer = DnsAnswers;

    async fn attempt(&self, trace: &mut Trace) -> Result<DnsAnswers, Failure> {
        let asked = Asked::in_form(&self.name, self.record, self.form, self.entropy.as_ref())?;
        trace.phase = Phase::Dns;
        trace.address = Some(self.server.ip());
        let answers = self.over_udp(&asked).await?;
        if answers.whole().next().is_none() && answers.packets.iter().any(is_answer) {
            return self.over_tcp(&asked, answers, trace).await;
        }
        if answers.packets.is_empty() && !self.silence_counts {
            let window = self.window.as_millis();
            return Err(Failure::new(Phase::Dns, FailureKind::TimedOut, format!("no answer in {window} ms")));
        }
        Ok(answers)
    }
}

impl PlainExchange {
    async fn over_udp(&self, asked: &Asked) -> Result<DnsAnswers, Failure> {
        let failure = |error| Failure::from_io(Phase::Dns, &error);
        let any: IpAddr =
            if self.server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind((any, 0)).await.map_err(failure)?;
        let begin = Instant::now();
        socket.send_to(asked.bytes(), self.server).await.map_err(failure)?;
        self.meter.sent(asked.bytes().len());

        let latest = self.deadline.checked_sub(RECORD_MARGIN).unwrap_or(self.deadline);
        let end = (begin + self.window).min(latest);
        let mut kept = Kept::default();
        let mut buffer = vec![0; MAX_DNS_MESSAGE];
        while !(self.first_answer_ends && kept.answers > 0)
            && let Ok(received) = timeout_at(end, socket.recv_from(&mut buffer)).await
        {
            if kept.seen() >= MAX_DNS_DATAGRAMS || !self.meter.takes_datagrams() {
                kept.dropped += 1;
                break;
            }
            // An ICMP error, if the system tells: others may still answer.
            let Ok((length, from)) = received else { continue };
            self.meter.received(length);
            let bytes = buffer.get(..length).unwrap_or_default();
            kept.add(|| packet(asked, bytes, from, from == self.server, begin));
        }
        Ok(DnsAnswers { transport: DnsTransport::Udp, packets: kept.packets, dropped: kept.dropped })
    }

    async fn over_tcp(
        &self,
        asked: &Asked,
        mut answers: DnsAnswers,
        trace: &mut Trace,
    ) -> Result<DnsAnswers, Failure> {
        let begin = Instant::now();
        let (ip, port) = (self.server.ip(), self.server.port());
        let mut stream = connect("", port, &[ip], &self.meter, trace).await?;
        trace.phase = Phase::Dns;
        let failure = |error| Failure::from_io(Phase::Dns, &error);
        let length = u16::try_from(asked.bytes().len()).unwrap_or(u16::MAX);
        stream.write_all(&[&length.to_be_bytes(), asked.bytes()].concat()).await.map_err(failure)?;
        let length = stream.read_u16().await.map_err(failure)?;
        let mut bytes = vec![0; usize::from(length)];
        stream.read_exact(&mut bytes).await.map_err(failure)?;
        answers.transport = DnsTransport::Tcp;
        answers.packets.push(packet(asked, &bytes, self.server, true, begin));
        Ok(answers)
    }
}

/// Reads one message; `fits` tells whether it came from where it should.
pub(super) fn packet(asked: &Asked, bytes: &[u8], from: SocketAddr, fits: bool, begin: Instant) -> DnsPacket {
    DnsPacket {
        from,
        delay_ms: milliseconds(begin),
        size: bytes.len() as u64,
        raw: bytes.get(..MAX_DNS_RECORDED).unwrap_or(bytes).to_vec(),
        reading: if fits {
            asked.read(bytes)
        } else {
            DnsReading::Misfit("not from the server that was asked".to_owned())
        },
    }
}

const fn is_answer(packet: &DnsPacket) -> bool {
    matches!(packet.reading, DnsReading::Answer(_))
}

/// Datagrams, each kind up to its limit: a flood of one does not hide the other.
#[derive(Default)]
struct Kept {
    packets: Vec<DnsPacket>,
    answers: usize,
    dropped: u64,
}

impl Kept {
    fn seen(&self) -> u64 {
        self.packets.len() as u64 + self.dropped
    }

    fn add(&mut self, read: impl FnOnce() -> DnsPacket) {
        // Nothing is read any more once nothing could be kept.
        if self.packets.len() >= 2 * MAX_DNS_PACKETS {
            self.dropped += 1;
            return;
        }
        let packet = read();
        let others = self.packets.len() - self.answers;
        let of_its_kind = if is_answer(&packet) { self.answers } else { others };
        if of_its_kind >= MAX_DNS_PACKETS {
            self.dropped += 1;
            return;
        }
        self.answers += usize::from(is_answer(&packet));
        self.packets.push(packet);
    }
}
