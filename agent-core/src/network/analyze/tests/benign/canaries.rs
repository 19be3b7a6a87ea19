//! Canaries, their replies over TLS and clear HTTP, and the proxies in between.

use std::net::IpAddr;

use super::cause::Cause;
use super::place::Site;
use super::pool::{CANARIES, Kind, POOL, signed};
use super::servers::{SIGN_IN, older};
use super::story::{Story, ended};
use crate::canary::{
    CanarySettings, Content, ContentReply, Exporter, KeySet, Nonce, REPLY_HEADER, RedirectReply, Reply,
    TlsReply,
};
use crate::model::{NetworkSettings, Sha256, Timestamp};
use crate::network::analyze::tests::canary_world::page;
use crate::network::observation::{
    CanaryProbe, ClearExchange, ClearProbe, ClearQuestion, FailureKind, Outcome, Phase, Question, Raw,
    Target, TlsExchange,
};

impl Story {
    pub(super) fn set_canaries(&mut self, settings: &mut NetworkSettings) {
        let count = self.dice.pick(&[0, 1, 2, 2, 3]);
        let is_private = self.has(Cause::PrivateAuthority) && self.dice.chance(5000);
        for (name, number) in CANARIES[..count].iter().zip(0_u8..) {
            let keys = POOL.signers[usize::from(number)].iter().map(|signer| signer.public());
            let known = if self.has(Cause::CanaryKeyRotated) { 2 } else { 1 };
            let addresses =
                if self.dice.chance(8500) { vec![self.canary_address(number)] } else { Vec::new() };
            settings.canaries.push(CanarySettings {
                name: (*name).to_owned(),
                addresses,
                tls_port: 443,
                http_port: Some(80).filter(|_| self.dice.chance(8500)),
                dns_port: Some(53).filter(|_| self.dice.chance(5000)),
                zone: Some(format!("z{number}.canary.example")).filter(|_| self.dice.chance(8000)),
                keys: KeySet::new(keys.take(known).collect()).unwrap(),
                network: format!("net-{}", number + 5),
                private_anchors: if is_private { vec![POOL.company.pin()] } else { Vec::new() },
            });
        }
    }

    pub(super) fn canary_address(&self, number: u8) -> IpAddr {
        self.reached([203, 0, 113, 100 + number])
    }

    pub(super) fn is_down(&self, number: u8) -> bool {
        self.has(Cause::CanariesDown) || (self.has(Cause::CanaryDown) && number == 0)
    }

    /// The canaries' own time.
    pub(super) fn signed_time(&self, number: u8) -> Timestamp {
        if self.has(Cause::CanaryClockOff) && number == 0 {
            self.truth.plus_seconds(7200)
        } else {
            self.truth
        }
    }

    pub(super) fn canary_probes(&mut self, settings: &NetworkSettings, site: &Site) -> Vec<CanaryProbe> {
        settings.canaries.iter().zip(0..).map(|(canary, number)| self.canary(canary, number, site)).collect()
    }

    fn canary(&mut self, settings: &CanarySettings, number: u8, site: &Site) -> CanaryProbe {
        let address = Some(self.canary_address(number));
        let kind = if settings.private_anchors.is_empty() { Kind::Current } else { Kind::Private };
        let is_inspectable = self.has(Cause::Inspected);
        let met = self.met(&settings.name, kind, is_inspectable);
        let met = if self.is_down(number) { Err(self.outage()) } else { met };
        let exchange = met.map(|presented| {
            let question = self.question(settings, number, None);
            let handshake = self.handshake(presented);
            let response = match () {
                () if handshake.interrupted.is_some() => {
                    Outcome::Failed(ended(Phase::Tls, FailureKind::Alert))
                }
                () if self.has(Cause::Portal) => Outcome::Answered(self.sign_in_page()),
                () => Outcome::Answered(self.bound(number, &question, is_inspectable, site)),
            };
            let (exporter, client_hello_sha256) = (Some(ours()), Some(Sha256::of(b"our ClientHello")));
            TlsExchange { handshake, exporter, client_hello_sha256, question, response }
        });
        let tls = self.attempts(address, exchange.clone());
        let fallback = self.fallback(address, &tls, &exchange, |seen: TlsExchange| TlsExchange {
            handshake: older(seen.handshake),
            ..seen
        });
        let asked = settings.http_port.into_iter().flat_map(|_| ClearQuestion::ALL);
        let clear = asked.map(|asked| self.clear(settings, number, asked, site)).collect();
        let mut probe = CanaryProbe { target: Target::from(settings), tls, fallback, platform: None, clear };
        if let (true, Ok(presented)) = (probe.answer().is_some(), met) {
            probe.platform = Some(self.verdict(presented, &settings.name));
        }
        probe
    }

    fn bound(&mut self, number: u8, question: &Question, is_inspected: bool, site: &Site) -> Raw {
        let (exporter, client_hello) = if is_inspected {
            (Exporter::from_bytes([9; 32]), "theirs")
        } else {
            (ours(), "our ClientHello")
        };
        let reply = TlsReply {
            nonce: question.nonce,
            server_time: self.signed_time(number),
            peer: site.exit,
            tls_exporter: exporter,
            client_hello_sha256: Sha256::of(client_hello.as_bytes()),
            request_as_received_sha256: Sha256::of(question.request.as_bytes()),
        };
        page(200, &[(REPLY_HEADER, &self.token(number, (), &reply))], b"")
    }

    fn clear(
        &mut self,
        settings: &CanarySettings,
        number: u8,
        asked: ClearQuestion,
        site: &Site,
    ) -> ClearProbe {
        let question = self.question(settings, number, Some(asked));
        let address = Some(self.canary_address(number));
        let met = match () {
            () if self.has(Cause::Portal) => Ok(self.sign_in_page()),
            () if self.has(Cause::BlockPage) => Ok(page(200, &[], b"<html>blocked</html>")),
            () if self.has(Cause::ProxyErrs) && self.dice.chance(3000) => {
                Ok(page(self.dice.pick(&[502, 503, 504]), &[("Via", "1.1 gateway")], b"no answer"))
            }
            () if self.is_down(number) => Err(self.outage()),
            () if asked == ClearQuestion::OddEcho && self.has(Cause::ProxyRefuses) => {
                Ok(page(400, &[], b"Bad Request"))
            }
            () => Ok(self.served(settings, number, asked, &question, site)),
        };
        let met = met.map(|response| ClearExchange { question, response });
        ClearProbe { asked, attempts: self.late(address, met) }
    }

    fn sign_in_page(&mut self) -> Raw {
        match self.portal_status() {
            status @ 300..400 => page(status, &[("Location", SIGN_IN)], b""),
            status => page(status, &[], b"<html>Welcome</html>"),
        }
    }

    /// What the canary serves, after whatever is in between.
    fn served(
        &mut self,
        settings: &CanarySettings,
        number: u8,
        asked: ClearQuestion,
        question: &Question,
        site: &Site,
    ) -> Raw {
        let arrived = self.on_its_way(question.request.as_bytes());
        let (nonce, server_time, peer) = (question.nonce, self.signed_time(number), site.exit);
        let request_as_received_sha256 = Sha256::of(&arrived);
        let via = self.has(Cause::ProxyVia).then_some(("Via", "1.1 gateway (carrier)"));
        let Some(kind) = asked.content() else {
            let location = format!("https://{}/{nonce}", settings.name);
            let reply = RedirectReply {
                nonce,
                server_time,
                peer,
                request_as_received_sha256,
                location: location.clone(),
            };
            let token = self.token(number, (), &reply);
            let fields = [("Location", location.as_str()), (REPLY_HEADER, &token)];
            return page(301, &fields.into_iter().chain(via).collect::<Vec<_>>(), b"");
        };
        let body: &[u8] = match kind {
            Content::Page => b"<html><script src=\"script.js\"></script><form></form></html>",
            Content::Script => b"genuine();",
            Content::Image => b"\x89PNG\r\n\x1a\n genuine",
            Content::Echo => &arrived,
        };
        let reply = ContentReply {
            nonce,
            server_time,
            peer,
            request_as_received_sha256,
            body_sha256: Sha256::of(body),
        };
        let token = self.token(number, kind, &reply);
        let mut fields = vec![(REPLY_HEADER, token.as_str())];
        fields.extend(via);
        if kind == Content::Image && self.has(Cause::Recompressed) {
            return page(200, &fields, b"\xff\xd8\xff smaller");
        }
        if self.has(Cause::Compressed) && kind != Content::Image {
            fields.push(("Content-Encoding", "gzip"));
            return page(200, &fields, b"\x1f\x8b smaller");
        }
        if self.has(Cause::Chunked) {
            return chunked(&fields, body);
        }
        page(200, &fields, body)
    }

    /// What a proxy makes of a request.
    fn on_its_way(&self, request: &[u8]) -> Vec<u8> {
        let mut text = String::from_utf8(request.to_vec()).unwrap();
        if self.has(Cause::ProxyMends) {
            text = text.replace("hOsT", "Host").replace("uSeR-aGeNt", "User-Agent");
        }
        if self.has(Cause::ProxyAdds) {
            text = text.replace("\r\n\r\n", "\r\nVia: 1.1 gateway\r\nX-Forwarded-For: 100.64.1.2\r\n\r\n");
        }
        text.into_bytes()
    }

    fn question(&mut self, settings: &CanarySettings, number: u8, asked: Option<ClearQuestion>) -> Question {
        let place = asked.map_or(0xff, |asked| asked as u8);
        let nonce = Nonce::from_bytes([
            number,
            place,
            self.dice.below(4) as u8,
            1,
            2,
            3,
            4,
            5,
            6,
            7,
            8,
            9,
            10,
            11,
            12,
            13,
        ]);
        let path = asked.map_or_else(|| format!("/{nonce}"), |asked| asked.resource().path(&nonce));
        let method = if asked == Some(ClearQuestion::OddEcho) { "MTD" } else { "GET" };
        let request =
            format!("{method} {path} HTTP/1.1\r\nhOsT: {}\r\nuSeR-aGeNt: mtd\r\n\r\n", settings.name);
        Question { nonce, request: Raw::new(request.into_bytes()) }
    }

    /// A signed reply, under the next key where keys are being rotated.
    pub(super) fn token<R: Reply>(&self, number: u8, kind: R::Kind, reply: &R) -> String {
        let next = usize::from(self.has(Cause::CanaryKeyRotated) && number == 0);
        signed(&POOL.signers[usize::from(number)][next], kind, reply)
    }
}

fn ours() -> Exporter {
    Exporter::from_bytes([1; 32])
}

fn chunked(fields: &[(&str, &str)], body: &[u8]) -> Raw {
    let whole = page(200, fields, b"");
    let head = String::from_utf8(whole.as_bytes().to_vec()).unwrap();
    let head = head.replace("Content-Length: 0", "Transfer-Encoding: chunked");
    let (first, second) = body.split_at(body.len() / 2);
    let chunk = |part: &[u8]| [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat();
    Raw::new([head.as_bytes(), &chunk(first), &chunk(second), b"0\r\n\r\n"].concat())
}
