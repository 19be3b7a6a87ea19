//! Faults by the hundred against the real agent and the real connector, and what was lost by them: nothing.
//!
//! ```text
//! main ─► experiments ─► victim (this program again: an agent)  ──TLS──► organisation (`mtd connector serve`)
//!                     │   kill -9, failing system calls, torn files, another clock     │
//!                     └─► ledger: what the victim was promised  ◄── compared with ─────┘
//! ```

mod clock;
mod event;
mod experiments;
mod lab;
mod ledger;
mod organisation;
mod outcome;
mod random;
mod victim;
mod worker;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use clap::{Parser, Subcommand};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use experiments::{ALL, Amount, Experiment};
use lab::Lab;
use outcome::Outcome;

/// Why an experiment could not be done.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Breaks the agent and the connector in every way that a device and a network do, and counts what is lost.
#[derive(Debug, Parser)]
#[command(
    name = "faults",
    after_help = "Examples:
  faults --list                      the experiments
  faults 1 --kills 100               100 kills
  faults 2 --seed 17                 repeat what a run with this seed did

Exit status 0 if nothing was lost, duplicated or otherwise wrong; 1 if anything was; 2 if an experiment could not run."
)]
struct Cli {
    /// Experiments to run, by number: 3, or 1-3 [default: all]
    #[arg(value_name = "NUMBER")]
    numbers: Vec<String>,
    /// The choice of every fault follows from it [default: the time]
    #[arg(long)]
    seed: Option<u64>,
    /// Processes to kill in experiment 1
    #[arg(long, default_value_t = 1000)]
    kills: u64,
    /// Most runs with one failing system call, of the agent and of the connector each
    #[arg(long, default_value_t = 400)]
    calls: u64,
    /// Cases of every kind of damage
    #[arg(long, default_value_t = 8)]
    damages: u64,
    /// Exchanges with a hostile proxy
    #[arg(long, default_value_t = 400)]
    exchanges: u64,
    /// The `mtd` program [default: beside this one]
    #[arg(long)]
    mtd: Option<PathBuf>,
    /// The `mitmdump` program [default: of target/faults/venv, which `tests/run faults` makes]
    #[arg(long)]
    mitmdump: Option<PathBuf>,
    /// Experiments at a time
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Print JSON, a document an experiment
    #[arg(long)]
    json: bool,
    /// Show the experiments
    #[arg(long)]
    list: bool,
    /// Keep the files of an experiment that went wrong
    #[arg(long)]
    keep: bool,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// The agent under test
    #[command(hide = true)]
    Worker(worker::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.role {
        Some(Role::Worker(args)) => worker::run(args),
        None => run(&cli),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("faults: {why}");
            ExitCode::from(2)
        }
    }
}

/// Whether all went well.
fn run(cli: &Cli) -> Result<bool, Failure> {
    if cli.list {
        for Experiment { number, title, .. } in ALL {
            println!("{number:>2}  {title}");
        }
        return Ok(true);
    }
    let chosen = chosen(&cli.numbers)?;
    let seed = match cli.seed {
        Some(seed) => seed,
        None => SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
    };
    let mtd = match &cli.mtd {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("mtd"),
    };
    if !mtd.is_file() {
        return Err(format!("{} is missing: cargo build -p desktop-harness --bin mtd", mtd.display()).into());
    }
    eprintln!("seed {seed}: `faults --seed {seed}` repeats the choices of this run");

    let bench = Bench {
        mtd,
        seed,
        amount: Amount { kills: cli.kills, calls: cli.calls, damages: cli.damages, exchanges: cli.exchanges },
        cli,
        bars: MultiProgress::new(),
    };
    if !std::io::stderr().is_terminal() {
        bench.bars.set_draw_target(ProgressDrawTarget::hidden());
    }
    bench.all(&chosen)
}

/// What all experiments of a run share.
struct Bench<'a> {
    mtd: PathBuf,
    seed: u64,
    amount: Amount,
    cli: &'a Cli,
    bars: MultiProgress,
}

impl Bench<'_> {
    /// Runs the experiments, some at a time; whether all went well.
    fn all(&self, chosen: &[&Experiment]) -> Result<bool, Failure> {
        let next = AtomicUsize::new(0);
        let work = || -> Result<bool, Failure> {
            let mut well = true;
            while let Some(experiment) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                well &= self.one(experiment)?;
            }
            Ok(well)
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.cli.jobs.max(1)).map(|_| scope.spawn(work)).collect();
            let mut well = true;
            for worker in workers {
                well &= worker.join().map_err(|_| "an experiment panicked")??;
            }
            Ok(well)
        })
    }

    fn one(&self, experiment: &Experiment) -> Result<bool, Failure> {
        let (title, started) = (format!("{}. {}", experiment.number, experiment.title), Instant::now());
        let lab = Lab::new(&self.mtd, self.cli.mitmdump.clone(), self.seed)?;
        let bar = self.bars.add(ProgressBar::new_spinner());
        bar.set_style(ProgressStyle::with_template("{spinner} {pos:>5} {msg} {elapsed}")?);
        let progress = |what: &str| {
            bar.inc(1);
            bar.set_message(what.to_owned());
        };
        let outcome = (experiment.run)(&lab, self.amount, &progress);
        bar.finish_and_clear();
        let is_clean = outcome.as_ref().is_ok_and(Outcome::is_clean);
        if let Ok(outcome) = &outcome {
            let text = match self.cli.json {
                true => self.json(experiment, outcome)?,
                false => outcome.show(&title, started.elapsed().as_secs()),
            };
            println!("{text}");
        }
        if self.cli.keep && !is_clean {
            eprintln!("kept in {}", lab.keep().display());
        }
        outcome.map(|_| is_clean).map_err(|why| format!("{title}: {why}").into())
    }

    fn json(&self, experiment: &Experiment, outcome: &Outcome) -> Result<String, Failure> {
        let document = serde_json::json!({
            "experiment": experiment.number, "title": experiment.title, "seed": self.seed, "outcome": outcome,
        });
        Ok(serde_json::to_string_pretty(&document)?)
    }
}

/// The experiments of `numbers`; all without any.
fn chosen(numbers: &[String]) -> Result<Vec<&'static Experiment>, Failure> {
    if numbers.is_empty() {
        return Ok(ALL.iter().collect());
    }
    let mut chosen = Vec::new();
    for text in numbers {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let range: (u32, u32) = match (first.parse(), last.parse()) {
            (Ok(first), Ok(last)) => (first, last),
            _ => {
                return Err(
                    format!("\"{text}\" is no number of an experiment: faults --list shows them").into()
                );
            }
        };
        let found = ALL.iter().filter(|it| (range.0..=range.1).contains(&it.number));
        let before = chosen.len();
        chosen.extend(found);
        if chosen.len() == before {
            return Err(format!("there is no experiment {text}: faults --list shows them").into());
        }
    }
    Ok(chosen)
}
