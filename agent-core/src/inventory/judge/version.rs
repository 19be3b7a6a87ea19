//! Versions of apps, as far as they can be told apart by numbers.

use std::cmp::Ordering;

/// Most parts of a version that are compared. Real ones have two to five.
const MAX_PARTS: usize = 8;

/// `12.4.1`: numbers, the first weighing most. A part that is missing is 0; what follows the numbers (`-beta`, ` (448)`)
/// counts for nothing.
#[derive(Clone, Debug)]
pub struct Version(Vec<u64>);

impl Version {
    /// The version in `text`; `None` where it does not begin with a number, or one is beyond 64 bits.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let numbers = text.get(..end)?.trim_end_matches('.');
        let parts: Option<Vec<u64>> =
            numbers.split('.').take(MAX_PARTS).map(|part| part.parse().ok()).collect();
        parts.map(Self)
    }

    fn part(&self, at: usize) -> u64 {
        self.0.get(at).copied().unwrap_or(0)
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        (0..MAX_PARTS)
            .map(|at| self.part(at).cmp(&other.part(at)))
            .find(|it| it.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}
