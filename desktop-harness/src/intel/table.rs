//! CSV with a header row (RFC 4180).

use agent_core::intel::value::ValueKind;

use super::collect::{About, Sink};
use super::{category_of, lists, stix};

/// Names that feeds give the columns, in lower case.
const VALUE: &[&str] =
    &["value", "indicator", "ioc", "domain", "host", "url", "hash", "sha256", "ip", "package"];
const KIND: &[&str] = &["kind", "type", "indicator_type", "ioc_type"];
const CATEGORY: &[&str] = &["category", "threat", "threat_type"];
const FAMILY: &[&str] = &["family", "malware", "tool"];
const REFERENCE: &[&str] = &["reference", "link", "source_url"];
const CONFIDENCE: &[&str] = &["confidence", "confidence_level"];
const UNTIL: &[&str] = &["valid_until", "expires"];

/// Reads a table. Fails where no column holds values.
pub(super) fn read(text: &str, sink: &mut Sink<'_>) -> Result<(), String> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(text.as_bytes());
    let header: Vec<String> = match reader.headers() {
        Ok(header) => header.iter().map(str::to_ascii_lowercase).collect(),
        Err(error) => return Err(format!("line 1: {error}")),
    };
    let find = |names: &[&str]| header.iter().position(|column| names.contains(&column.as_str()));
    let value = find(VALUE).ok_or_else(|| format!("line 1: no column is one of {}", VALUE.join(", ")))?;
    let columns = Columns {
        value,
        kind: find(KIND),
        category: find(CATEGORY),
        family: find(FAMILY),
        reference: find(REFERENCE),
        confidence: find(CONFIDENCE),
        until: find(UNTIL),
    };
    for record in reader.records() {
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                if let Err(why) = row(&columns, &record, line, sink) {
                    sink.reject(format!("line {line}"), why);
                }
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                sink.reject(format!("line {line}"), error.to_string());
            }
        }
    }
    Ok(())
}

struct Columns {
    value: usize,
    kind: Option<usize>,
    category: Option<usize>,
    family: Option<usize>,
    reference: Option<usize>,
    confidence: Option<usize>,
    until: Option<usize>,
}

fn row(columns: &Columns, record: &csv::StringRecord, line: u64, sink: &mut Sink<'_>) -> Result<(), String> {
    let cell = |column: Option<usize>| column.and_then(|at| record.get(at)).filter(|text| !text.is_empty());
    let text = cell(Some(columns.value)).ok_or("it has no value")?;
    let mut about: About = sink.about();
    if let Some(word) = cell(columns.category) {
        about.category =
            category_of(&word.to_ascii_lowercase()).ok_or_else(|| format!("\"{word}\" is no category"))?;
    }
    if let Some(family) = cell(columns.family) {
        about.family = family.to_owned();
    }
    about.reference = cell(columns.reference).map(str::to_owned);
    if let Some(confidence) = cell(columns.confidence) {
        let number = confidence.parse().ok().filter(|it| *it <= 100);
        about.confidence =
            Some(number.ok_or_else(|| format!("the confidence \"{confidence}\" is not 0 to 100"))?);
    }
    about.valid_until = cell(columns.until).map(stix::timestamp).transpose()?;
    match cell(columns.kind) {
        Some(kind) => sink.add(format!("line {line}"), kind_of(kind)?, text, &about),
        None => sink.add_value(lists::listed(text).map_err(|why| format!("\"{text}\": {why}"))?, &about),
    }
    Ok(())
}

/// A kind by our word for it, or by one that feeds use.
fn kind_of(word: &str) -> Result<ValueKind, String> {
    let word = word.to_ascii_lowercase();
    Ok(match word.as_str() {
        "hostname" | "host" | "fqdn" => ValueKind::Domain,
        "ip" | "ipv4" | "ipv6" | "cidr" => ValueKind::Network,
        "package" | "bundle" => ValueKind::AppId,
        "md5" | "sha1" | "sha256" | "hash" => ValueKind::FileHash,
        word => word.parse().map_err(|error| format!("kind {error}"))?,
    })
}
