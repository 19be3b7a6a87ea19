//! Questions to a canary over clear HTTP, written by hand: a client library would mend what must stay odd.

use tokio::time::Instant;

use super::attempts::{Exchange, Trace, attempts};
use super::canary::Asker;
use super::exchange::exchange;
use crate::canary::Nonce;
use crate::network::observation::{ClearExchange, ClearProbe, ClearQuestion, Failure, Phase, Question, Raw};

/// Asks `asked` at the clear port.
pub(super) async fn probe(asker: &Asker, asked: ClearQuestion, port: u16, deadline: Instant) -> ClearProbe {
    let attempts = attempts(&Clear { asker, asked, port }, deadline).await;
    ClearProbe { asked, attempts }
}

struct Clear<'a> {
    asker: &'a Asker,
    asked: ClearQuestion,
    port: u16,
}

impl Exchange for Clear<'_> {
    type Answer = ClearExchange;

    async fn attempt(&self, trace: &mut Trace) -> Result<ClearExchange, Failure> {
        let nonce = self.asker.nonce()?;
        let request = request(self.asked, &nonce, &self.asker.authority(self.port, 80));
        let mut stream = self.asker.connect(self.port, trace).await?;
        trace.phase = Phase::Http;
        let response = exchange(&mut stream, &request).await?;
        Ok(ClearExchange { question: Question { nonce, request }, response })
    }
}

fn request(asked: ClearQuestion, nonce: &Nonce, authority: &str) -> Raw {
    let path = asked.resource().path(nonce);
    let line = match asked {
        // No method and no version that a proxy knows (OONI's http_invalid_request_line).
        ClearQuestion::OddEcho => format!("MtD {path} HTTP/9.9"),
        _ => format!("GET {path} HTTP/1.1"),
    };
    let names = ["Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"];
    let [host, agent, accept, encoding, connection] = match asked {
        ClearQuestion::Echo | ClearQuestion::OddEcho => odd_case(names, nonce),
        _ => names.map(str::to_owned),
    };
    let head = format!(
        "{line}\r\n{host}: {authority}\r\n{agent}: Mozilla/5.0\r\n{accept}: */*\r\n{encoding}: identity\r\n\
         {connection}: close\r\n\r\n"
    );
    Raw::new(head.into_bytes())
}

/// `names` with each letter in the case that a bit of `nonce` says.
fn odd_case<const N: usize>(names: [&str; N], nonce: &Nonce) -> [String; N] {
    let mut upper =
        nonce.as_bytes().iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1)).cycle();
    names.map(|name| {
        let cased = name.chars().map(|letter| match upper.next() {
            Some(true) => letter.to_ascii_uppercase(),
            _ => letter.to_ascii_lowercase(),
        });
        cased.collect()
    })
}
