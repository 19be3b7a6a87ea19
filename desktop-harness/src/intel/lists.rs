//! Plain lists, one value a line, and hosts files.

use std::net::IpAddr;

use agent_core::intel::value::{Value, ValueKind};

use super::collect::Sink;

/// What hosts files name beside what they block.
const OWN_NAMES: &[&str] = &[
    "localhost",
    "localhost.localdomain",
    "local",
    "broadcasthost",
    "ip6-localhost",
    "ip6-loopback",
    "ip6-localnet",
    "ip6-mcastprefix",
    "ip6-allnodes",
    "ip6-allrouters",
    "ip6-allhosts",
    "0.0.0.0",
];

/// Reads a list. Every line that is neither empty, a comment nor a value is rejected by its number.
pub(super) fn read(text: &str, sink: &mut Sink<'_>) {
    let about = sink.about();
    for (number, line) in text.lines().enumerate() {
        let mut words = content(line).split_whitespace();
        let Some(first) = words.next() else { continue };
        let rest: Vec<_> = words.collect();
        let place = format!("line {}", number + 1);
        let values = match (first.parse::<IpAddr>(), rest.as_slice()) {
            // A hosts file: an address, then names.
            (Ok(_), names @ [_, ..]) => names,
            (_, []) => &[first][..],
            _ => {
                sink.reject(place, format!("\"{line}\" is neither one value nor a line of a hosts file"));
                continue;
            }
        };
        for value in values {
            if OWN_NAMES.contains(&value.to_ascii_lowercase().as_str()) {
                continue;
            }
            match listed(value) {
                Ok(value) => sink.add_value(value, &about),
                Err(why) => sink.reject(place.clone(), format!("\"{value}\": {why}")),
            }
        }
    }
}

/// A line without its comment: from `#`, `;` or `//` at its start, or from a `#` after white space.
fn content(line: &str) -> &str {
    let line = line.trim();
    if ["#", ";", "//", "!"].iter().any(|mark| line.starts_with(mark)) {
        return "";
    }
    match line.find([' ', '\t']).and_then(|from| Some((from, line.get(from..)?.find('#')?))) {
        Some((from, at)) => line.get(..from + at).unwrap_or(line),
        None => line,
    }
}

/// A digest of a file, or what [`network_value`] reads.
pub(super) fn listed(text: &str) -> Result<Value, &'static str> {
    let is_digest = text.len() >= 32 && text.chars().all(|c| c.is_ascii_hexdigit() || c == ':');
    if is_digest { Value::parse(ValueKind::FileHash, text) } else { network_value(text) }
}

/// A URL, an address or range, or a host name, which may have a port or `*.` before it.
pub(super) fn network_value(text: &str) -> Result<Value, &'static str> {
    let text = text.trim();
    if let Ok(network) = Value::parse(ValueKind::Network, text) {
        return Ok(network);
    }
    if text.contains('/') {
        let value = Value::parse(ValueKind::Url, text)?;
        // A bare host with a slash means the host.
        return match text.split_once("://").map_or(text, |(_, rest)| rest).split_once('/') {
            Some((host, "")) => network_value(host),
            _ => Ok(value),
        };
    }
    let name = text.strip_prefix("*.").or_else(|| text.strip_prefix('.')).unwrap_or(text);
    if name.contains('*') {
        return Err("a wildcard that does not stand for whole labels");
    }
    let name = match name.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.parse::<u16>().is_ok() => host,
        _ => name,
    };
    let name = name.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(name);
    let value = Value::parse(ValueKind::Domain, name)?;
    match &value {
        // "intranet" would be every host of that name, and a typing error is more likely.
        Value::Domain(name) if !name.contains('.') => Err("a single label is no public host name"),
        _ => Ok(value),
    }
}
