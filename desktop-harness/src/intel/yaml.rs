//! The YAML of stalkerware-indicators (`ioc.yaml`, `watchware.yaml`): a list of families.

use std::collections::BTreeMap;

use agent_core::intel::value::ValueKind;
use agent_core::model::ThreatCategory;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::options;

use super::collect::{About, Sink};
use super::lists;

/// Most nodes, after aliases are expanded: a list a hundred times as long as today's has 600,000.
const MAX_NODES: usize = 1_000_000;

#[derive(Deserialize)]
struct Family {
    name: Option<String>,
    /// Other names of it, which no match tells.
    #[serde(default, rename = "names")]
    _names: IgnoredAny,
    r#type: Option<String>,
    #[serde(default)]
    packages: Vec<String>,
    #[serde(default)]
    bundles: Vec<String>,
    #[serde(default)]
    certificates: Vec<String>,
    #[serde(default)]
    websites: Vec<String>,
    #[serde(default)]
    distribution: Vec<String>,
    #[serde(default)]
    c2: Servers,
    #[serde(default)]
    certificate_cname_re: Vec<String>,
    #[serde(default)]
    certificate_organizations: Vec<String>,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Default, Deserialize)]
struct Servers {
    #[serde(default)]
    ips: Vec<String>,
    /// As some families of the public list have it.
    #[serde(default)]
    ip: Vec<String>,
    #[serde(default)]
    domains: Vec<String>,
    #[serde(flatten)]
    unknown: Unknown,
}

/// Properties that are not read, which must not go unnoticed: a later one may hold indicators.
type Unknown = BTreeMap<String, IgnoredAny>;

/// Reads the families. Fails where the whole is not such a list; the error has the line.
pub(super) fn read(text: &str, sink: &mut Sink<'_>) -> Result<(), String> {
    let options = options! {
        with_snippet: false,
        budget: serde_saphyr::budget! { max_nodes: MAX_NODES, max_depth: 32, max_aliases: 1_000, max_anchors: 1_000 },
    };
    let families: Vec<Family> = serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| format!("not a list of families: {error}"))?;
    for (at, family) in families.iter().enumerate() {
        let place = match &family.name {
            Some(name) => format!("family \"{name}\""),
            None => format!("family {at}, which has no name"),
        };
        let about = about(family, &place, sink);
        values(family, &place, &about, sink);
    }
    Ok(())
}

fn about(family: &Family, place: &str, sink: &mut Sink<'_>) -> About {
    let mut about = sink.about();
    if let Some(name) = family.name.as_deref().filter(|name| !name.is_empty()) {
        about.family = name.to_owned();
    }
    about.category = match family.r#type.as_deref() {
        Some("stalkerware") => ThreatCategory::Stalkerware,
        Some("spyware") => ThreatCategory::Spyware,
        // Of what is not said to be malicious the careful reading is taken.
        Some("watchware") => ThreatCategory::DualUse,
        other => {
            let other = other.unwrap_or("missing");
            sink.reject(
                place,
                format!("its type is {other}, none that is known: its values count as dual-use"),
            );
            ThreatCategory::DualUse
        }
    };
    about
}

fn values(family: &Family, place: &str, about: &About, sink: &mut Sink<'_>) {
    for id in family.packages.iter().chain(&family.bundles) {
        sink.add(place, ValueKind::AppId, id, about);
    }
    for digest in &family.certificates {
        sink.add(place, ValueKind::Certificate, digest, about);
    }
    let servers = family.c2.domains.iter().chain(&family.c2.ips).chain(&family.c2.ip);
    for host in family.websites.iter().chain(&family.distribution).chain(servers) {
        match lists::network_value(host) {
            Ok(value) => sink.add_value(value, about),
            Err(why) => sink.reject(place, format!("\"{host}\": {why}")),
        }
    }
    for pattern in &family.certificate_cname_re {
        let why =
            format!("certificate_cname_re \"{pattern}\": the names in certificates are not told on a device");
        sink.reject(place, why);
    }
    for name in &family.certificate_organizations {
        let why = format!(
            "certificate_organizations \"{name}\": the names in certificates are not told on a device"
        );
        sink.reject(place, why);
    }
    for property in family.unknown.keys() {
        sink.reject(place, format!("the property \"{property}\" is none that is read"));
    }
    for property in family.c2.unknown.keys() {
        sink.reject(place, format!("the property \"c2.{property}\" is none that is read"));
    }
}
