//! The language of STIX patterns (STIX 2.1, section 9), read whole: what is done with a pattern is decided elsewhere.

use super::lexer::{Token, tokens};

/// Deepest nesting of parentheses.
const MAX_DEPTH: usize = 64;

/// What has to be observed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Pattern {
    /// `[ … ]`: one observation.
    Observe(Comparison),
    /// Any of them.
    Or(Vec<Pattern>),
    /// All of them, in separate observations.
    And(Vec<Pattern>),
    /// One after the other.
    FollowedBy(Vec<Pattern>),
    /// Within some bounds.
    Qualified(Box<Pattern>, Qualifier),
}

/// Bounds on an observation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Qualifier {
    /// Not before the first moment, and before the second (RFC 3339).
    StartStop(String, String),
    /// In so many seconds.
    Within(String),
    /// So many times.
    Repeats(String),
}

/// What an observation has to be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Comparison {
    /// One property.
    Test(Test),
    /// All of them.
    And(Vec<Comparison>),
    /// Any of them.
    Or(Vec<Comparison>),
}

/// A property of an object, and what it is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Test {
    /// The type of the object: `file`.
    pub(crate) object: String,
    /// The property, without quotes: `hashes.SHA-256`.
    pub(crate) path: String,
    /// After NOT.
    pub(crate) negated: bool,
    /// How: `=`, `LIKE`, in upper case.
    pub(crate) operator: String,
    /// With what; several for `IN`, none for `EXISTS`.
    pub(crate) operands: Vec<Literal>,
}

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    /// `'text'`, without its escapes.
    Text(String),
    /// Numbers, booleans, moments and bytes, as written.
    Other(String),
}

/// Reads a pattern; the error says where it stops being one.
pub(crate) fn parse(text: &str) -> Result<Pattern, String> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let pattern = parser.followed_by()?;
    match parser.peek() {
        None => Ok(pattern),
        Some(token) => Err(format!("{token} after the end of the pattern")),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Result<Token, String> {
        let token = self.tokens.get(self.at).cloned().ok_or("the pattern ends in the middle")?;
        self.at += 1;
        Ok(token)
    }

    fn takes(&mut self, wanted: &Token) -> bool {
        let is = self.peek() == Some(wanted);
        self.at += usize::from(is);
        is
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is = self.peek().is_some_and(|token| token.is_word(word));
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, wanted: Token) -> Result<(), String> {
        match self.next()? {
            token if token == wanted => Ok(()),
            token => Err(format!("{token} where {wanted} should be")),
        }
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(format!("nested more than {MAX_DEPTH} deep")) } else { Ok(()) }
    }

    fn followed_by(&mut self) -> Result<Pattern, String> {
        let (first, rest) = self.chain("FOLLOWEDBY", Self::either)?;
        Ok(joined(first, rest, Pattern::FollowedBy))
    }

    fn either(&mut self) -> Result<Pattern, String> {
        let (first, rest) = self.chain("OR", Self::both)?;
        Ok(joined(first, rest, Pattern::Or))
    }

    fn both(&mut self) -> Result<Pattern, String> {
        let (first, rest) = self.chain("AND", Self::qualified)?;
        Ok(joined(first, rest, Pattern::And))
    }

    fn chain<T>(
        &mut self,
        word: &str,
        part: impl Fn(&mut Self) -> Result<T, String>,
    ) -> Result<(T, Vec<T>), String> {
        let first = part(self)?;
        let mut rest = Vec::new();
        while self.takes_word(word) {
            rest.push(part(self)?);
        }
        Ok((first, rest))
    }

    fn qualified(&mut self) -> Result<Pattern, String> {
        let mut pattern = match self.next()? {
            Token::Mark('[') => {
                let comparison = self.any()?;
                self.expect(Token::Mark(']'))?;
                Pattern::Observe(comparison)
            }
            Token::Mark('(') => {
                self.deeper()?;
                let inner = self.followed_by()?;
                self.expect(Token::Mark(')'))?;
                self.depth -= 1;
                inner
            }
            token => return Err(format!("{token} where an observation, [ or (, should be")),
        };
        while let Some(qualifier) = self.qualifier()? {
            self.deeper()?;
            pattern = Pattern::Qualified(Box::new(pattern), qualifier);
        }
        Ok(pattern)
    }

    fn qualifier(&mut self) -> Result<Option<Qualifier>, String> {
        Ok(Some(if self.takes_word("START") {
            let start = self.constant()?;
            if !self.takes_word("STOP") {
                return Err("START without STOP".to_owned());
            }
            Qualifier::StartStop(start, self.constant()?)
        } else if self.takes_word("WITHIN") {
            let seconds = self.constant()?;
            if !self.takes_word("SECONDS") {
                return Err("WITHIN without SECONDS".to_owned());
            }
            Qualifier::Within(seconds)
        } else if self.takes_word("REPEATS") {
            let times = self.constant()?;
            if !self.takes_word("TIMES") {
                return Err("REPEATS without TIMES".to_owned());
            }
            Qualifier::Repeats(times)
        } else {
            return Ok(None);
        }))
    }

    fn constant(&mut self) -> Result<String, String> {
        match self.literal()? {
            Literal::Text(text) | Literal::Other(text) => Ok(text),
        }
    }

    fn any(&mut self) -> Result<Comparison, String> {
        let (first, rest) = self.chain("OR", Self::all)?;
        Ok(joined(first, rest, Comparison::Or))
    }

    fn all(&mut self) -> Result<Comparison, String> {
        let (first, rest) = self.chain("AND", Self::one)?;
        Ok(joined(first, rest, Comparison::And))
    }

    fn one(&mut self) -> Result<Comparison, String> {
        if self.takes(&Token::Mark('(')) {
            self.deeper()?;
            let inner = self.any()?;
            self.expect(Token::Mark(')'))?;
            self.depth -= 1;
            return Ok(inner);
        }
        if self.takes_word("EXISTS") {
            let (object, path) = self.object_path()?;
            let operator = "EXISTS".to_owned();
            return Ok(Comparison::Test(Test { object, path, negated: false, operator, operands: vec![] }));
        }
        let (object, path) = self.object_path()?;
        let negated = self.takes_word("NOT");
        let operator = match self.next()? {
            Token::Operator(operator) => operator,
            Token::Word(word) => word.to_ascii_uppercase(),
            token => return Err(format!("{token} where a comparison should be")),
        };
        let operands = match operator.as_str() {
            "IN" => self.set()?,
            "=" | "!=" | "<" | ">" | "<=" | ">=" | "LIKE" | "MATCHES" | "ISSUBSET" | "ISSUPERSET" => {
                vec![self.literal()?]
            }
            other => return Err(format!("\"{other}\" is no comparison")),
        };
        Ok(Comparison::Test(Test { object, path, negated, operator, operands }))
    }

    fn set(&mut self) -> Result<Vec<Literal>, String> {
        self.expect(Token::Mark('('))?;
        let mut set = vec![self.literal()?];
        while self.takes(&Token::Mark(',')) {
            set.push(self.literal()?);
        }
        self.expect(Token::Mark(')'))?;
        Ok(set)
    }

    fn literal(&mut self) -> Result<Literal, String> {
        match self.next()? {
            Token::Text(text) => Ok(Literal::Text(text)),
            Token::Number(text) | Token::Typed(text) => Ok(Literal::Other(text)),
            Token::Word(word) if ["true", "false"].contains(&word.to_ascii_lowercase().as_str()) => {
                Ok(Literal::Other(word))
            }
            token => Err(format!("{token} where a constant should be")),
        }
    }

    /// `type:step.step[*].'quoted step'`.
    fn object_path(&mut self) -> Result<(String, String), String> {
        let Token::Word(object) = self.next()? else {
            return Err("no object type before a comparison".to_owned());
        };
        self.expect(Token::Mark(':'))?;
        let mut path = self.step()?;
        loop {
            if self.takes(&Token::Mark('.')) {
                path = format!("{path}.{}", self.step()?);
            } else if self.takes(&Token::Mark('[')) {
                let index = match self.next()? {
                    Token::Number(number) => number,
                    Token::Mark('*') => "*".to_owned(),
                    token => return Err(format!("{token} where an index should be")),
                };
                self.expect(Token::Mark(']'))?;
                path = format!("{path}[{index}]");
            } else {
                return Ok((object, path));
            }
        }
    }

    fn step(&mut self) -> Result<String, String> {
        match self.next()? {
            Token::Word(word) => Ok(word),
            Token::Text(text) => Ok(text),
            token => Err(format!("{token} where a property should be")),
        }
    }
}

fn joined<T>(first: T, mut rest: Vec<T>, join: impl Fn(Vec<T>) -> T) -> T {
    if rest.is_empty() {
        return first;
    }
    rest.insert(0, first);
    join(rest)
}
