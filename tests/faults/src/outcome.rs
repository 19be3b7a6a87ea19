//! What an experiment found, and how it is shown.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::ledger::Verdict;

/// Most lines that are shown of each kind of trouble; the JSON has all.
const SHOWN: usize = 8;

/// One line of the table: what was injected, and how often.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What was done to whom.
    pub injected: String,
    /// How many times.
    pub times: u64,
    /// Where it struck, or what came of it.
    pub told: String,
}

/// What came of an experiment.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    /// What was injected.
    pub rows: Vec<Row>,
    /// Reports that were promised.
    pub promised: usize,
    /// Reports that the connector holds.
    pub held: usize,
    /// Reports that were promised and are not held.
    pub lost: Vec<String>,
    /// Reports that are held more than once.
    pub duplicated: Vec<String>,
    /// Anything else that must not be.
    pub broken: Vec<String>,
    /// What the programs said when a fault struck, and how often.
    pub said: BTreeMap<String, u64>,
}

impl Outcome {
    /// Adds a line.
    pub fn row(&mut self, injected: impl Into<String>, times: u64, told: impl Into<String>) {
        self.rows.push(Row { injected: injected.into(), times, told: told.into() });
    }

    /// Adds what a comparison with a connector gave.
    pub fn judge(&mut self, verdict: Verdict) {
        self.promised += verdict.promised;
        self.held += verdict.held;
        self.lost.extend(verdict.lost);
        self.duplicated.extend(verdict.duplicated);
        self.broken.extend(verdict.broken);
    }

    /// Adds what another part of the experiment found.
    pub fn merge(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.promised += other.promised;
        self.held += other.held;
        self.lost.extend(other.lost);
        self.duplicated.extend(other.duplicated);
        self.broken.extend(other.broken);
        for (message, times) in other.said {
            *self.said.entry(message).or_default() += times;
        }
    }

    /// Notes what a program said.
    pub fn says(&mut self, who: impl std::fmt::Display, what: &str) {
        *self.said.entry(format!("{who}: {what}")).or_default() += 1;
    }

    /// Notes what must not be.
    pub fn wrong(&mut self, what: impl Into<String>) {
        self.broken.push(what.into());
    }

    /// Whether it went as it must, and anything was injected at all.
    pub fn is_clean(&self) -> bool {
        let injected: u64 = self.rows.iter().map(|row| row.times).sum();
        injected > 0 && self.lost.is_empty() && self.duplicated.is_empty() && self.broken.is_empty()
    }

    /// The table.
    pub fn show(&self, title: &str, seconds: u64) -> String {
        let width = self.rows.iter().map(|row| row.injected.chars().count()).max().unwrap_or(0).max(8);
        let mut text = format!("\n{title}\n  {:width$}  times  where, and what came of it\n", "injected");
        for Row { injected, times, told } in &self.rows {
            text += &format!("  {injected:width$}  {times:>5}  {told}\n");
        }
        text += &self.messages();
        text += &format!(
            "  promised {}, held by the connector {}: lost {}, duplicated {}, otherwise wrong {}   ({seconds} s)\n",
            self.promised,
            self.held,
            self.lost.len(),
            self.duplicated.len(),
            self.broken.len()
        );
        for (kind, lines) in [("lost", &self.lost), ("duplicated", &self.duplicated), ("wrong", &self.broken)]
        {
            for line in lines.iter().take(SHOWN) {
                text += &format!("  {kind}: {line}\n");
            }
            if lines.len() > SHOWN {
                text += &format!("  {kind}: and {} more (--json shows all)\n", lines.len() - SHOWN);
            }
        }
        text
    }

    /// The most frequent messages.
    fn messages(&self) -> String {
        let mut messages: Vec<_> = self.said.iter().collect();
        messages.sort_by_key(|(message, times)| (std::cmp::Reverse(**times), *message));
        let shown =
            messages.iter().take(SHOWN).map(|(message, times)| format!("  said {times:>4} x {message}\n"));
        let mut text: String = shown.collect();
        if messages.len() > SHOWN {
            text +=
                &format!("  said        and {} other messages (--json shows all)\n", messages.len() - SHOWN);
        }
        text
    }
}
