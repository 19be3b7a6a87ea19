//! `mtd intel build`.

use std::fs::Permissions;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use agent_core::intel::bundle::{self, Bundle, BundleError, BundleKey};
use agent_core::model::ThreatCategory;
use publicsuffix::List;
use serde::Serialize;

use super::intel::{now, signing_key};
use super::{Global, Outcome, intel_versions};
use crate::CliError;
use crate::device::public_half;
use crate::intel::versions::VersionReport;
use crate::intel::{Input, MAX_INPUT, Options, SourceReport, compile};
use crate::ui::{Ui, plural};

/// Rejects that are shown to a person for each input; --json has them all.
const SHOWN: usize = 5;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd intel build feeds/*.stix2 stalkerware.yaml --psl public_suffix_list.dat -o intel.mtdi
  mtd intel build phishing.txt --category phishing -o phishing.mtdi
  mtd intel build feeds/* --versions versions -o intel.mtdi
  mtd intel build feeds/* -o intel.mtdi --json       everything that was left out, and why

A file that begins with { is read as a STIX bundle, else .yaml and .yml as stalkerware-indicators, .csv as a table
with a header row, and anything else as a hosts file or a list with one value a line.
--versions takes what endoflife.date, CISA's catalogue of known exploited vulnerabilities and a table of fixes tell of
operating systems; see docs/intel-versions.md.
A bundle in FILE is replaced at once, and only by one of a higher version.")]
pub(super) struct Args {
    /// Feeds; a match names its source by the file's name without its extension
    #[arg(required_unless_present = "versions", value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// Versions of operating systems: a folder, or a file of it; repeatable
    #[arg(long, value_name = "PATH")]
    versions: Vec<PathBuf>,
    /// The bundle
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The Ed25519 key that signs, PKCS #8; made where there is none [default: intel-key.p8 in the data folder]
    #[arg(long, value_name = "KEY")]
    key: Option<PathBuf>,
    /// Public suffix list: one of its names matches only itself. Without it only single labels count as such, and
    /// look-alikes are compared by the last two labels
    #[arg(long, value_name = "FILE")]
    psl: Option<PathBuf>,
    /// What inputs are about that do not tell: malware, phishing, dual_use, …
    #[arg(long, value_name = "CATEGORY", default_value = "malware")]
    category: ThreatCategory,
    /// Version of the bundle [default: now, in seconds since 1970]
    #[arg(long, value_name = "N")]
    bundle_version: Option<u64>,
}

/// What was built.
#[derive(Serialize)]
struct Report<'a> {
    file: &'a Path,
    version: u64,
    key: String,
    bytes: u64,
    sources: &'a [SourceReport],
    versions: &'a [VersionReport],
}

pub(super) fn run(args: Args, global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    refuse_other_file(&args.output)?;
    let (suffixes, rules) = args.psl.as_deref().map(suffix_list).transpose()?.unzip();
    let key = signing_key(args.key.as_deref(), global)?;
    let public = public_half(&key)?;
    let now = now();
    let version = args.bundle_version.unwrap_or(u64::try_from(now.unix()).unwrap_or(0));
    let (os, versions) = intel_versions::read(&args.versions)?;
    let progress = ui.progress_over("reading", args.inputs.len() + 1);
    let inputs = args.inputs.iter().map(|path| {
        progress.step(&path.display().to_string());
        read(path)
    });
    let options = Options { now, category: args.category, suffixes };
    let (mut contents, sources) = compile(options, inputs)?;
    if contents.values.is_empty() && os.is_empty() {
        return Err("there is no indicator in any input".into());
    }
    contents.os = os;
    contents.suffixes = rules.unwrap_or_default();
    progress.step("writing");
    let bytes = bundle::encode(&contents, version, now, &key)?;
    place(&args.output, &bytes, &public)?;
    drop(progress);

    let report = Report {
        file: &args.output,
        version,
        key: public.to_string(),
        bytes: bytes.len() as u64,
        sources: &sources,
        versions: &versions,
    };
    if ui.json {
        ui.json(&report)?;
    } else {
        show(&report, args.psl.is_none(), ui);
    }
    Ok(Outcome::Done)
}

/// Whatever else is under that name was not meant.
fn refuse_other_file(output: &Path) -> Result<(), CliError> {
    let any_key = BundleKey::from_bytes([0; 32]);
    match Bundle::open(output, &any_key) {
        Err(BundleError::NotABundle) => {
            Err(format!("{}: there is another file of that name, which is no bundle", output.display())
                .into())
        }
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<Input, String> {
    let content = read_bytes(path)?;
    let part = |it: Option<&std::ffi::OsStr>| it.map(|it| it.to_string_lossy().into_owned());
    let name = part(path.file_stem()).ok_or_else(|| format!("{}: not the name of a file", path.display()))?;
    let extension = part(path.extension()).unwrap_or_default().to_ascii_lowercase();
    Ok(Input { name, extension, content })
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, String> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let file = std::fs::File::open(path).map_err(|error| named(&error))?;
    let mut content = Vec::new();
    file.take(MAX_INPUT + 1).read_to_end(&mut content).map_err(|error| named(&error))?;
    match content.len() as u64 {
        0 => Err(named(&"it is empty")),
        len if len > MAX_INPUT => Err(named(&"larger than the 512 MiB that are read: split it")),
        _ => Ok(content),
    }
}

/// The list, and its text without comments.
fn suffix_list(path: &Path) -> Result<(List, String), CliError> {
    let bytes = read_bytes(path)?;
    let list =
        List::from_bytes(&bytes).map_err(|_| format!("{}: not a public suffix list", path.display()))?;
    if list.is_empty() {
        return Err(format!("{}: a public suffix list without a rule", path.display()).into());
    }
    let is_rule = |line: &&str| !line.is_empty() && (!line.starts_with("//") || line.starts_with("// ==="));
    let text = String::from_utf8_lossy(&bytes);
    let rules: Vec<_> = text.lines().map(str::trim).filter(is_rule).collect();
    Ok((list, rules.join("\n")))
}

/// In force at once or not at all, and never older than what is there.
fn place(output: &Path, bytes: &[u8], key: &BundleKey) -> Result<(), CliError> {
    let folder = output.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", output.display());
    // Signed and no secret: whoever serves it may be another user.
    let readable = Permissions::from_mode(0o644);
    let made = tempfile::Builder::new().permissions(readable).tempfile_in(folder);
    let mut new = made.map_err(|error| named(&error))?;
    std::io::Write::write_all(&mut new, bytes).map_err(|error| named(&error))?;
    bundle::install(new.path(), output, key, 0).map_err(|error| named(&error))?;
    Ok(())
}

fn show(report: &Report<'_>, no_suffixes: bool, ui: &Ui) {
    for SourceReport { summary, rejects } in report.sources {
        let kinds: Vec<_> = summary.values.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let kinds = if kinds.is_empty() { "nothing".to_owned() } else { kinds.join(", ") };
        let mut line = format!("{} ({}): {kinds}", summary.name, summary.format);
        for (count, what) in [
            (summary.duplicates, "duplicate"),
            (summary.lapsed, "revoked or expired"),
            (summary.rejected, "not usable"),
        ] {
            if count > 0 {
                line += &format!("; {count} {what}");
            }
        }
        ui.line(crate::ui::clean(&line));
        for reject in rejects.iter().take(SHOWN) {
            ui.line(crate::ui::clean(&format!("    {}: {}", reject.place, reject.why)));
        }
        if summary.rejected > SHOWN as u64 {
            ui.line(format!("    and {} more: see --json", summary.rejected - SHOWN as u64));
        }
    }
    intel_versions::show(report.versions, ui);
    if no_suffixes && !report.sources.is_empty() {
        ui.line("No public suffix list was given (--psl): an indicator such as github.io matches everything below it.");
    }
    ui.line(format!(
        "{}: version {}, {} bytes from {}; key {}",
        report.file.display(),
        report.version,
        report.bytes,
        plural(report.sources.len(), "source"),
        report.key
    ));
}
