//! From a pattern to the values that meet it, and to what cannot be told from values.
//!
//! Alternatives stand for themselves: where one cannot be expressed, the others still can. Of a conjunction all parts must be
//! expressed together, with one exception that loses nothing: a digest identifies a file, so what is said of the file beside
//! its digest (name, size, weaker digests) is not compared.

use agent_core::intel::value::{Digest, Value, ValueKind};
use agent_core::model::Timestamp;

use super::pattern::{Comparison, Literal, Pattern, Qualifier, Test};
use super::timestamp;

/// Most conjunctions that a pattern may multiply out to.
const MAX_CONJUNCTIONS: usize = 20_000;

/// What a pattern comes to.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Lowered {
    /// Each value, and when an observation of it counts.
    pub(crate) values: Vec<(Value, Bounds)>,
    /// What cannot be expressed, in words.
    pub(crate) cannot: Vec<String>,
}

/// A window of time, the end excluded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) from: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
}

/// The values that meet `pattern`.
pub(crate) fn lower(pattern: &Pattern) -> Lowered {
    let mut lowered = Lowered::default();
    walk(pattern, Bounds::default(), &mut lowered);
    lowered
}

fn walk(pattern: &Pattern, bounds: Bounds, out: &mut Lowered) {
    match pattern {
        Pattern::Observe(comparison) => match conjunctions(comparison) {
            Ok(all) => {
                for conjunction in all {
                    match conjoined(&conjunction) {
                        Ok(value) => out.values.push((value, bounds)),
                        Err(why) => out.cannot.push(why),
                    }
                }
            }
            Err(why) => out.cannot.push(why),
        },
        Pattern::Or(alternatives) => alternatives.iter().for_each(|it| walk(it, bounds, out)),
        Pattern::And(_) => {
            out.cannot.push("AND of separate observations cannot be matched on a device".to_owned())
        }
        Pattern::FollowedBy(_) => out.cannot.push("FOLLOWEDBY cannot be matched on a device".to_owned()),
        Pattern::Qualified(inner, qualifier) => match within(qualifier, bounds) {
            Ok(bounds) => walk(inner, bounds, out),
            Err(why) => out.cannot.push(why),
        },
    }
}

fn within(qualifier: &Qualifier, bounds: Bounds) -> Result<Bounds, String> {
    match qualifier {
        Qualifier::StartStop(start, stop) => {
            let (start, stop) = (timestamp(start)?, timestamp(stop)?);
            let from = bounds.from.map_or(start, |from| from.max(start));
            let until = bounds.until.map_or(stop, |until| until.min(stop));
            Ok(Bounds { from: Some(from), until: Some(until) })
        }
        // One observation is within any time.
        Qualifier::Within(_) => Ok(bounds),
        Qualifier::Repeats(times) if times == "1" => Ok(bounds),
        Qualifier::Repeats(times) => Err(format!("REPEATS {times} TIMES cannot be matched on a device")),
    }
}

/// One test with one constant.
type Single<'a> = (&'a Test, Option<&'a Literal>);

/// Multiplies out to alternatives of conjunctions.
fn conjunctions(comparison: &Comparison) -> Result<Vec<Vec<Single<'_>>>, String> {
    match comparison {
        Comparison::Test(test) if test.operator == "IN" && !test.negated => {
            Ok(test.operands.iter().map(|operand| vec![(test, Some(operand))]).collect())
        }
        Comparison::Test(test) => Ok(vec![vec![(test, test.operands.first())]]),
        Comparison::Or(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(conjunctions(part)?);
                bounded(all.len())?;
            }
            Ok(all)
        }
        Comparison::And(parts) => {
            let mut all = vec![Vec::new()];
            for part in parts {
                let more = conjunctions(part)?;
                bounded(all.len().saturating_mul(more.len()))?;
                all = all
                    .iter()
                    .flat_map(|left| more.iter().map(move |right| [left.as_slice(), right].concat()))
                    .collect();
            }
            Ok(all)
        }
    }
}

fn bounded(count: usize) -> Result<(), String> {
    if count <= MAX_CONJUNCTIONS {
        return Ok(());
    }
    Err(format!("multiplies out to more than {MAX_CONJUNCTIONS} alternatives"))
}

fn conjoined(conjunction: &[Single<'_>]) -> Result<Value, String> {
    if let [single] = conjunction {
        return value(single);
    }
    if conjunction.iter().all(|(test, _)| is_of_file(test)) {
        return of_file(conjunction);
    }
    let values: Result<Vec<_>, _> = conjunction.iter().map(value).collect();
    match values?.as_slice() {
        [first, rest @ ..] if rest.iter().all(|it| it == first) => Ok(first.clone()),
        [Value::AppId(id), Value::Certificate(digest)] | [Value::Certificate(digest), Value::AppId(id)] => {
            Ok(Value::SignedApp(format!("{id} {}", digest.hex())))
        }
        _ => {
            let names: Vec<_> = conjunction.iter().map(|(test, _)| named(test)).collect();
            Err(format!("{} cannot be matched together on a device", names.join(" AND ")))
        }
    }
}

fn is_of_file(test: &Test) -> bool {
    test.object.eq_ignore_ascii_case("file") && !test.negated && test.operator == "="
}

fn of_file(conjunction: &[Single<'_>]) -> Result<Value, String> {
    let find = |path: &str| {
        conjunction.iter().find_map(|(test, operand)| match operand {
            Some(Literal::Text(text)) if test.path.eq_ignore_ascii_case(path) => Some(text.as_str()),
            _ => None,
        })
    };
    let hashes = conjunction.iter().filter(|(test, _)| test.path.to_ascii_lowercase().starts_with("hashes"));
    let digests: Vec<_> = hashes.filter_map(|single| value(single).ok()).collect();
    let strongest = digests.into_iter().max_by_key(|value| match value {
        Value::FileHash(Digest::Sha256(_)) => 3,
        Value::FileHash(Digest::Sha1(_)) => 2,
        _ => 1,
    });
    if let Some(digest) = strongest {
        return Ok(digest);
    }
    match (find("parent_directory_ref.path"), find("name"), conjunction.len()) {
        (Some(folder), Some(name), 2) => {
            Value::parse(ValueKind::FilePath, &format!("{}/{name}", folder.trim_end_matches('/')))
                .map_err(str::to_owned)
        }
        _ => {
            let names: Vec<_> = conjunction.iter().map(|(test, _)| named(test)).collect();
            Err(format!("{} cannot be matched together on a device", names.join(" AND ")))
        }
    }
}

fn named(test: &Test) -> String {
    format!("{}:{}", test.object, test.path)
}

fn value((test, operand): &Single<'_>) -> Result<Value, String> {
    let name = named(test);
    if test.negated || test.operator == "!=" {
        return Err(format!("{name} is negated: everything but one value cannot be matched"));
    }
    let text = match operand {
        Some(Literal::Text(text)) => text,
        Some(Literal::Other(other)) => {
            return Err(format!("{name} is compared with {other}, which is no text"));
        }
        None => return Err(format!("{name}: {} cannot be matched on a device", test.operator)),
    };
    let kind =
        kind(test, text).ok_or_else(|| format!("{name} is no property that is matched on a device"))?;
    let text = match test.operator.as_str() {
        "=" | "IN" => text.clone(),
        "ISSUBSET" if kind == ValueKind::Network => text.clone(),
        "LIKE" => like(kind, text)
            .ok_or_else(|| format!("{name} LIKE '{text}' cannot be matched by whole parts"))?,
        other => return Err(format!("{name}: {other} cannot be matched on a device")),
    };
    let value = Value::parse(kind, &text).map_err(|why| format!("{name} = '{text}': {why}"))?;
    agrees(test, &value).map_err(|why| format!("{name} = '{text}': {why}"))?;
    Ok(value)
}

/// What of a device a property is; object types beyond the standard are those of MVT's indicators.
fn kind(test: &Test, text: &str) -> Option<ValueKind> {
    let path = test.path.to_ascii_lowercase();
    Some(match (test.object.to_ascii_lowercase().as_str(), path.as_str()) {
        ("domain-name", "value") => ValueKind::Domain,
        ("ipv4-addr" | "ipv6-addr", "value") => ValueKind::Network,
        ("network-traffic", "dst_ref.value") if Value::parse(ValueKind::Network, text).is_ok() => {
            ValueKind::Network
        }
        ("network-traffic", "dst_ref.value") => ValueKind::Domain,
        ("url", "value") => ValueKind::Url,
        ("email-addr", "value") | ("email-message", "from_ref.value" | "sender_ref.value") => {
            ValueKind::Email
        }
        ("file", "name") => ValueKind::FileName,
        ("file" | "directory", "path") => ValueKind::FilePath,
        ("file", hashes) if hashes.starts_with("hashes") => ValueKind::FileHash,
        ("app", "id") => ValueKind::AppId,
        ("app", cert) if cert.starts_with("cert.") => ValueKind::Certificate,
        ("x509-certificate", hashes) if hashes.starts_with("hashes") => ValueKind::Certificate,
        ("process", "name" | "binary_ref.name" | "image_ref.name") => ValueKind::Process,
        ("configuration-profile", "id") => ValueKind::Profile,
        ("android-property", "name") => ValueKind::Property,
        _ => return None,
    })
}

/// A wildcard that stands for whole labels or components is what these values mean anyway.
fn like(kind: ValueKind, text: &str) -> Option<String> {
    let plain = |text: &str| (!text.contains(['%', '_'])).then(|| text.to_owned());
    match kind {
        ValueKind::Domain => plain(text.strip_prefix("%.").unwrap_or(text)),
        ValueKind::FilePath | ValueKind::Url => plain(text.strip_suffix("/%").unwrap_or(text)),
        _ => plain(text),
    }
}

/// The algorithm that a property names must be the one that the digest's length tells.
fn agrees(test: &Test, value: &Value) -> Result<(), &'static str> {
    let (Value::FileHash(digest) | Value::Certificate(digest)) = value else { return Ok(()) };
    let algorithm = test.path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().replace('-', "");
    let is = match digest {
        Digest::Md5(_) => "md5",
        Digest::Sha1(_) => "sha1",
        Digest::Sha256(_) => "sha256",
    };
    if algorithm == is { Ok(()) } else { Err("the digest is not one of the algorithm that is named") }
}
