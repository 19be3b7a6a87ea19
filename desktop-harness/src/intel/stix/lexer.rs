//! Tokens of a STIX pattern.

use std::fmt;

/// Longest pattern, in bytes: a list of ten thousand host names.
const MAX_PATTERN: usize = 1024 * 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword or a name.
    Word(String),
    /// A string, without its escapes.
    Text(String),
    /// As written.
    Number(String),
    /// The inside of `t'…'`, `h'…'`, `b'…'`.
    Typed(String),
    /// `=`, `<=` and so on.
    Operator(String),
    /// Punctuation.
    Mark(char),
}

impl Token {
    /// Keywords are read in either case, as STIX 2.0 has them.
    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self, Self::Word(it) if it.eq_ignore_ascii_case(word))
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(text) | Self::Number(text) | Self::Operator(text) => write!(f, "\"{text}\""),
            Self::Text(text) | Self::Typed(text) => write!(f, "'{text}'"),
            Self::Mark(mark) => write!(f, "{mark}"),
        }
    }
}

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    if text.len() > MAX_PATTERN {
        return Err("a pattern longer than 1 MiB".to_owned());
    }
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            c if c.is_whitespace() => after,
            '\'' => {
                let (text, after) = quoted(after)?;
                tokens.push(Token::Text(text));
                after
            }
            't' | 'h' | 'b' if after.starts_with('\'') => {
                let (text, after) = quoted(after.get(1..).unwrap_or_default())?;
                tokens.push(Token::Typed(text));
                after
            }
            '[' | ']' | '(' | ')' | ',' | ':' | '.' | '*' => {
                tokens.push(Token::Mark(c));
                after
            }
            '=' | '!' | '<' | '>' => {
                let (operator, after) = operator(c, after)?;
                tokens.push(Token::Operator(operator));
                after
            }
            '0'..='9' | '-' | '+' => {
                let (number, after) = split(rest, |c| c.is_ascii_alphanumeric() || ".-+".contains(c));
                tokens.push(Token::Number(number));
                after
            }
            c if c.is_ascii_alphabetic() || c == '_' => {
                let (word, after) = split(rest, |c| c.is_ascii_alphanumeric() || "_-".contains(c));
                tokens.push(Token::Word(word));
                after
            }
            other => return Err(format!("\"{}\" has no meaning in a pattern", other.escape_default())),
        };
    }
    Ok(tokens)
}

fn split(text: &str, is_part: impl Fn(char) -> bool) -> (String, &str) {
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let (part, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    (part.to_owned(), rest)
}

fn operator(first: char, after: &str) -> Result<(String, &str), String> {
    Ok(match (first, after.strip_prefix('=')) {
        // STIX 2.0 drafts wrote `==`.
        ('=', Some(rest)) => ("=".to_owned(), rest),
        ('=', None) => ("=".to_owned(), after),
        ('!', Some(rest)) => ("!=".to_owned(), rest),
        ('<', Some(rest)) => ("<=".to_owned(), rest),
        ('>', Some(rest)) => (">=".to_owned(), rest),
        ('<' | '>', None) => (first.to_string(), after),
        _ => return Err(format!("\"{first}\" is no comparison")),
    })
}

/// What follows the opening quote: the text without its escapes (`\'` and `\\`), and the rest.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => return Ok((out, text.get(at + 1..).unwrap_or_default())),
            '\\' => match chars.next() {
                Some((_, escaped)) => out.push(escaped),
                None => break,
            },
            other => out.push(other),
        }
    }
    Err("a string without its closing quote".to_owned())
}
