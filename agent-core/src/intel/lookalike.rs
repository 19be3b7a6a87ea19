//! Names that are made to be taken for the organisation's own.
//!
//! Three ways: characters that look like others (Unicode Technical Standard #39, confusables), which nobody writes by
//! accident; the own name at the beginning of a longer one (`acme.example.evil.test`); and a slip of the finger. A name
//! below one of the organisation's own is its own.

use publicsuffix::{List, Psl as _};
use unicode_security::confusable_detection::skeleton;

use crate::model::{Detection, Judgement, Verdict};

/// Shortest own name of which one changed letter is told; shorter names have too many neighbours that mean no harm.
const ONE_SLIP_FROM: usize = 6;
/// Shortest own name of which two changed letters are told.
const TWO_SLIPS_FROM: usize = 11;
/// Longest label that is compared (RFC 1035, section 2.3.4); what is longer is no host name.
const MAX_LABEL: usize = 63;

/// Judges a host name in its ASCII form (RFC 5890, section 2.3.2.1) by its likeness to the domains `own`.
pub(super) fn judge(host: &str, own: &[String], suffixes: Option<&List>) -> Option<Judgement> {
    let own: Vec<String> = own.iter().filter_map(|domain| ascii(domain)).collect();
    if own.iter().any(|domain| is_or_is_below(host, domain)) {
        return None;
    }
    let likenesses = own.iter().filter_map(|domain| Some((domain, likeness(host, domain, suffixes)?)));
    let (domain, likeness) = likenesses.max_by_key(|(_, likeness)| *likeness)?;

    let name = registrable(host, suffixes);
    let (verdict, why) = match likeness {
        Likeness::Slip => (Verdict::Suspicious, "differs from it by a letter or two"),
        Likeness::Embedded => (Verdict::Suspicious, "has it at its beginning, but belongs to somebody else"),
        Likeness::Confusable => (Verdict::Confirmed, "is written with characters that look like its own"),
    };
    let shown = unicode(name);
    let judgement = Judgement::new(Detection::LookalikeDomain, verdict)
        .about(name)
        .because(format!("\"{shown}\" can be taken for {domain}, a domain of the organisation: it {why}"))
        .with("looks_like", domain);
    Some(if shown == name { judgement } else { judgement.with("shown_as", shown) })
}

/// How a name is like another, the weakest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    Slip,
    Embedded,
    Confusable,
}

fn likeness(host: &str, own: &str, suffixes: Option<&List>) -> Option<Likeness> {
    let (their_name, own_name) = (label(host, suffixes), label(own, suffixes));
    if their_name.len() > MAX_LABEL || own_name.is_empty() {
        return None;
    }
    let (theirs, ours) = (unicode(their_name), unicode(own_name));
    if theirs != ours && shape(&theirs) == shape(&ours) {
        return Some(Likeness::Confusable);
    }
    if host.starts_with(&format!("{own}.")) || host.contains(&format!(".{own}.")) {
        return Some(Likeness::Embedded);
    }
    let allowed = match own_name.len() {
        0..ONE_SLIP_FROM => return None,
        ONE_SLIP_FROM..TWO_SLIPS_FROM => 1,
        TWO_SLIPS_FROM.. => 2,
    };
    // The same name under another suffix is often the same owner's: zero slips say nothing.
    (1..=allowed).contains(&strsim::osa_distance(&theirs, &ours)).then_some(Likeness::Slip)
}

/// What a reader sees: one form for all that look the same. Host names have no case, so `0` is as `o`.
fn shape(name: &str) -> String {
    skeleton(&skeleton(name).collect::<String>().to_lowercase()).collect()
}

/// The label that somebody chose: that before the public suffix.
fn label<'a>(host: &'a str, suffixes: Option<&List>) -> &'a str {
    registrable(host, suffixes).split('.').next().unwrap_or_default()
}

/// The public suffix and the label before it. Without a list the last two labels.
fn registrable<'a>(host: &'a str, suffixes: Option<&List>) -> &'a str {
    let domain = suffixes.and_then(|list| list.domain(host.as_bytes()));
    let len = match domain {
        Some(domain) => domain.as_bytes().len(),
        None => host.rsplit('.').take(2).map(|label| label.len() + 1).sum::<usize>().saturating_sub(1),
    };
    host.len().checked_sub(len).and_then(|at| host.get(at..)).unwrap_or(host)
}

fn is_or_is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn ascii(domain: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii(domain.trim().trim_end_matches('.')).ok()?;
    (!ascii.is_empty()).then_some(ascii)
}

/// As a browser may show it; a label that is not valid stays as it is.
fn unicode(name: &str) -> String {
    idna::domain_to_unicode(name).0
}

#[cfg(test)]
mod tests;
