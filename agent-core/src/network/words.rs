//! Other people's words, made fit to be kept and shown.

use super::limits::MAX_WORDS;

/// `text` with control and text-direction characters replaced, cut to `MAX_WORDS` characters.
///
/// Names in certificates and alerts are the attacker's to choose: they must not steer a terminal, turn the
/// sentence around them or grow a report.
pub(super) fn plain(text: &str) -> String {
    let mut kept: String = text.chars().take(MAX_WORDS).map(printable).collect();
    if text.chars().nth(MAX_WORDS).is_some() {
        kept.push('…');
    }
    kept
}

fn printable(c: char) -> char {
    let turns_text = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if c.is_control() || turns_text { '\u{fffd}' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_steer_the_terminal_or_turn_the_sentence() {
        assert_eq!(plain("Evil\u{1b}[2J\u{202e}tooR\n"), "Evil\u{fffd}[2J\u{fffd}tooR\u{fffd}");
    }

    #[test]
    fn a_long_name_is_cut_and_says_so() {
        let cut = plain(&"길".repeat(MAX_WORDS + 1));
        assert_eq!(cut.chars().count(), MAX_WORDS + 1);
        assert!(cut.ends_with('…'));
    }
}
