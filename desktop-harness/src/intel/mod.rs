//! The intelligence compiler: feeds in, one signed bundle out.
//!
//! It is here and not in the core, behind a feature: readers of STIX, YAML and CSV parse formats that no phone sees, and a
//! feature of the core would be switched on for the phone's library by any build of the whole workspace. What both
//! sides must agree on (the canonical form of values, the bundle's format) is the core's.

mod collect;
mod lists;
mod stix;
mod table;
pub(crate) mod versions;
mod yaml;

#[cfg(test)]
mod tests;

use agent_core::intel::bundle::Contents;
use agent_core::model::{ThreatCategory, Timestamp};
use publicsuffix::List;

use collect::Collector;
pub(crate) use collect::SourceReport;

/// Largest input that is read, in bytes: a list of 2.5 million domains is 60 MB, a STIX bundle of 100,000 indicators 100.
pub(crate) const MAX_INPUT: u64 = 512 * 1024 * 1024;

/// A feed.
pub(crate) struct Input {
    /// What its matches name as their source.
    pub(crate) name: String,
    /// As `.stix2`, in lower case; empty where there is none.
    pub(crate) extension: String,
    /// Its bytes.
    pub(crate) content: Vec<u8>,
}

/// What is compiled, how.
pub(crate) struct Options {
    /// When: decides what has expired.
    pub(crate) now: Timestamp,
    /// What inputs are about that do not tell.
    pub(crate) category: ThreatCategory,
    /// The public suffix list.
    pub(crate) suffixes: Option<List>,
}

/// Compiles the inputs that `next` gives, one after the other, so that only one is in memory.
pub(crate) fn compile(
    options: Options,
    inputs: impl Iterator<Item = Result<Input, String>>,
) -> Result<(Contents, Vec<SourceReport>), String> {
    let mut collector = Collector::new(options.now, options.category, options.suffixes);
    let mut reports: Vec<SourceReport> = Vec::new();
    for input in inputs {
        let input = input?;
        if reports.iter().any(|report| report.summary.name == input.name) {
            return Err(format!(
                "two inputs are named {}: rename one, matches name their source by it",
                input.name
            ));
        }
        reports.push(read(&mut collector, &input).map_err(|why| format!("{}: {why}", input.name))?);
    }
    Ok((collector.finish()?, reports))
}

fn read(collector: &mut Collector, input: &Input) -> Result<SourceReport, String> {
    let bytes = input.content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&input.content);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err("it is UTF-16: convert it to UTF-8".to_owned());
    }
    // A stray byte of another encoding costs its line, which then names no valid value.
    let text = String::from_utf8_lossy(bytes);
    let format = match input.extension.as_str() {
        _ if stix::is_stix(&text) => "stix",
        "yaml" | "yml" => "yaml",
        "csv" => "csv",
        _ => "list",
    };
    let mut sink = collector.sink(&input.name, format);
    match format {
        "stix" => stix::read(&text, &mut sink)?,
        "yaml" => yaml::read(&text, &mut sink)?,
        "csv" => table::read(&text, &mut sink)?,
        _ => lists::read(&text, &mut sink),
    }
    Ok(sink.finish())
}

/// A category by our word for it, or by one of the vocabularies of STIX and of feeds. `word` in lower case.
fn category_of(word: &str) -> Option<ThreatCategory> {
    Some(match word {
        "trojan"
        | "backdoor"
        | "remote-access-trojan"
        | "rootkit"
        | "worm"
        | "virus"
        | "dropper"
        | "downloader"
        | "bot"
        | "wiper"
        | "malicious-activity"
        | "exploit-kit" => ThreatCategory::Malware,
        "keylogger" | "screen-capture" | "surveillance" | "mercenary-spyware" => ThreatCategory::Spyware,
        "banking-trojan" => ThreatCategory::Banker,
        "rogue-security-software" => ThreatCategory::Scam,
        "resource-exploitation" | "cryptominer" => ThreatCategory::Cryptojacking,
        "c2" | "cc" | "command-and-control" | "botnet_cc" => ThreatCategory::CommandAndControl,
        "dual-use" | "watchware" | "pua" => ThreatCategory::DualUse,
        word => return word.replace('-', "_").parse().ok(),
    })
}
