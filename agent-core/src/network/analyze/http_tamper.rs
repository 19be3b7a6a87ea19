//! The tampering check: page, script and image must come over clear HTTP as the canary signed them.
//!
//! | seen | judged |
//! |---|---|
//! | a page or script that is the signed one but for links to HTTPS that now lead over HTTP | stripped |
//! | a page without a further script from a canary whose redirect is stripped | stripped: it is the same hand |
//! | another page or script than was signed; anything but an image in an image's place | tampering, confirmed |
//! | an image of other bytes | recompressed, benign |
//! | a page or script without signature, while no portal holds the network | tampering, suspicious |
//! | a body that ended early or is compressed, an error, no answer | no result |
//!
//! Stripping is weighed as by the strip check.

use super::canary::{Canary, Tally};
use super::clear::{Heard, Way, askable};
use super::http_strip::{is_stripped, weighed};
use crate::canary::{ContentReply, MAX_BODY};
use crate::model::{CheckId, CheckOutcome, Detection, Judgement, Sha256, Verdict};
use crate::network::observation::ClearQuestion;
use crate::network::response::Ending;

/// Scripts in a canary's page (docs/canary.md).
const SCRIPTS: usize = 1;

/// Judges the content. `bound` tells that a TLS session reached a canary untouched.
pub(super) fn judge(canaries: &[Canary<'_>], way: Way, bound: bool) -> CheckOutcome {
    const ASKED: [ClearQuestion; 3] = [ClearQuestion::Page, ClearQuestion::Script, ClearQuestion::Image];
    let canaries = match askable(CheckId::HttpTamper, canaries, way) {
        Ok(canaries) => canaries,
        Err(outcome) => return outcome,
    };
    let mut tally = Tally { total: canaries.len() * ASKED.len(), ..Tally::default() };
    for (canary, asked) in canaries.into_iter().flat_map(|canary| ASKED.map(|asked| (canary, asked))) {
        match Heard::of(canary, asked).and_then(|heard| changed(&heard, way, bound)) {
            Ok(found) => {
                tally.settled += 1;
                tally.found.extend(found);
            }
            Err(why) => tally.missed.push(why),
        }
    }
    tally.outcome(CheckId::HttpTamper, "pages, scripts and images arrived as the canaries signed them")
}

fn changed(heard: &Heard<'_>, way: Way, bound: bool) -> Result<Option<Judgement>, String> {
    let Some(kind) = heard.asked.content() else { return Err(heard.missed("no content")) };
    let (name, asked, response) = (&heard.canary.settings.name, heard.asked, &heard.response);
    let is_image = asked == ClearQuestion::Image && looks_like_an_image(&response.body);
    let recompressed = || {
        let reason = format!("the {asked} of {name} arrived as another image than was sent");
        Judgement::new(Detection::ContentRecompressed, Verdict::Benign).because(reason)
    };
    let stripped = |reason: String| {
        let judgement = Judgement::new(Detection::SslStrip, Verdict::Suspicious).because(reason);
        weighed(judgement, bound, heard.canary)
    };
    let signed = match heard.reply::<ContentReply>(kind) {
        Ok(signed) => signed,
        Err(why) if way != Way::Free || response.status != 200 || response.body.is_empty() => {
            return Err(heard.missed(why));
        }
        Err(_) if is_image => return Ok(Some(heard.evidence(recompressed()))),
        Err(_) => {
            let reason = format!("something without the signature of {name} came in place of its {asked}");
            let judgement = Judgement::new(Detection::ContentTampering, Verdict::Suspicious);
            return Ok(Some(heard.evidence(judgement.because(reason))));
        }
    };
    if Sha256::of(&response.body) == signed.body_sha256 {
        return Ok(None);
    }
    // Longer than any that a canary sends, it is another even if it was not read to its end.
    if response.ending == Ending::Cut && response.body.len() <= MAX_BODY {
        return Err(heard.missed("the body ended early"));
    }
    if response.field("Content-Encoding").is_some_and(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return Err(heard.missed("somebody compressed the body"));
    }
    let judgement = if is_image {
        recompressed()
    } else if Sha256::of(&with_https(&response.body)) == signed.body_sha256 {
        stripped(format!("the links to HTTPS in the {asked} of {name} were turned into HTTP on the way"))
    } else if is_part_of_stripping(heard, way) {
        stripped(format!(
            "the {asked} of {name} was changed on the way, and its redirect to HTTPS was taken away"
        ))
    } else {
        let reason =
            format!("the {asked} of {name} was changed on the way: it is not the one that was signed");
        Judgement::new(Detection::ContentTampering, Verdict::Confirmed).because(reason)
    };
    Ok(Some(heard.proof(heard.evidence(judgement.with("signed_sha256", signed.body_sha256)))))
}

/// Whether a page that is not the signed one is accounted for by the stripping of its canary's redirect. A further
/// script is not.
fn is_part_of_stripping(heard: &Heard<'_>, way: Way) -> bool {
    let scripts = || heard.response.body.windows(7).filter(|it| it.eq_ignore_ascii_case(b"<script")).count();
    heard.asked == ClearQuestion::Page && is_stripped(heard.canary, way) && scripts() <= SCRIPTS
}

/// `body` with every link over HTTP led over HTTPS.
fn with_https(body: &[u8]) -> Vec<u8> {
    const CLEAR: &[u8] = b"http://";
    let mut restored = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((first, others)) = rest.split_first() {
        if let Some(behind) = rest.strip_prefix(CLEAR) {
            restored.extend_from_slice(b"https://");
            rest = behind;
        } else {
            restored.push(*first);
            rest = others;
        }
    }
    restored
}

/// By its first bytes: PNG, JPEG, GIF, WebP, AVIF.
fn looks_like_an_image(body: &[u8]) -> bool {
    const MAGIC: [&[u8]; 4] = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a"];
    let boxed = matches!(body.get(4..12), Some(b"ftypavif"))
        || (body.starts_with(b"RIFF") && matches!(body.get(8..12), Some(b"WEBP")));
    boxed || MAGIC.iter().any(|magic| body.starts_with(magic))
}
