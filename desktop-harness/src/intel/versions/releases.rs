//! Pages of endoflife.date: the release cycles of one system, as YAML front matter of a Markdown file.

use std::collections::BTreeMap;

use agent_core::model::{Date, EndOfLife, OsFamily, OsRelease, OsVersion};
use serde::Deserialize;
use serde_saphyr::options;

use super::VersionReport;

/// Most nodes of a front matter, after aliases are expanded: that of Android has 300.
const MAX_NODES: usize = 100_000;

#[derive(Deserialize)]
struct FrontMatter {
    permalink: Option<String>,
    releases: Vec<Release>,
}

/// `releaseCycle` and the others are texts, whatever YAML takes them for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Release {
    release_cycle: Option<String>,
    release_date: Option<String>,
    eol: Option<String>,
    latest: Option<String>,
    latest_release_date: Option<String>,
}

/// Reads a page into `releases`.
pub(super) fn read(
    name: &str,
    text: &str,
    releases: &mut BTreeMap<OsFamily, Vec<OsRelease>>,
) -> Result<VersionReport, String> {
    let options = options! {
        with_snippet: false,
        budget: serde_saphyr::budget! { max_nodes: MAX_NODES, max_depth: 32, max_aliases: 1_000, max_anchors: 1_000 },
    };
    let matter = front_matter(text).ok_or("its front matter has no end: a line that is ---")?;
    let page: FrontMatter = serde_saphyr::from_str_with_options(matter, options)
        .map_err(|error| format!("not a page of endoflife.date: {error}"))?;
    let mut report = VersionReport::of(name, "releases");
    // A page of one's own may leave the link out: then its name says what it is about.
    let product = page.permalink.as_deref().unwrap_or(name.trim_end_matches(".md")).trim_matches('/');
    let Ok(family) = product.parse::<OsFamily>() else {
        report.kind = "";
        report.reject(format!("page of {product}"), "no system that the agent runs on");
        return Ok(report);
    };
    if releases.contains_key(&family) {
        return Err(format!("another file tells of {family}: give one"));
    }
    let mut cycles: Vec<OsRelease> = Vec::new();
    for (at, release) in page.releases.iter().enumerate() {
        let place =
            release.release_cycle.as_deref().map_or(format!("release {at}"), |it| format!("cycle {it}"));
        match release.read() {
            Ok(read) if cycles.iter().any(|known| known.cycle == read.cycle) => {
                report.reject(place, "the cycle is listed twice");
            }
            Ok(read) => cycles.push(read),
            Err(why) => report.reject(place, why),
        }
    }
    if cycles.is_empty() {
        return Err("it has no release that could be read".to_owned());
    }
    cycles.sort_by(|one, other| other.cycle.cmp(&one.cycle));
    report.taken.insert(family, cycles.len() as u64);
    releases.insert(family, cycles);
    Ok(report)
}

/// What stands between the first line, `---`, and the next that is `---`.
fn front_matter(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("---")?;
    let mut length = 0;
    for line in rest.split_inclusive('\n') {
        if length > 0 && line.trim_end() == "---" {
            return rest.get(..length);
        }
        length += line.len();
    }
    None
}

impl Release {
    fn read(&self) -> Result<OsRelease, String> {
        let missing = |name: &str| format!("it has no {name}");
        let cycle = self.release_cycle.as_deref().ok_or_else(|| missing("releaseCycle"))?;
        Ok(OsRelease {
            cycle: version("releaseCycle", cycle)?,
            released: day(
                "releaseDate",
                self.release_date.as_deref().ok_or_else(|| missing("releaseDate"))?,
            )?,
            end_of_life: match self.eol.as_deref().ok_or_else(|| missing("eol"))? {
                "false" => EndOfLife::Supported,
                "true" => EndOfLife::Ended,
                date => EndOfLife::On(day("eol", date)?),
            },
            latest: self.latest.as_deref().map(|text| version("latest", text)).transpose()?,
            latest_released: self
                .latest_release_date
                .as_deref()
                .map(|text| day("latestReleaseDate", text))
                .transpose()?,
        })
    }
}

fn version(name: &str, text: &str) -> Result<OsVersion, String> {
    text.parse().map_err(|why| format!("{name} \"{text}\": {why}"))
}

fn day(name: &str, text: &str) -> Result<Date, String> {
    text.parse().map_err(|why| format!("{name} \"{text}\": {why}"))
}
