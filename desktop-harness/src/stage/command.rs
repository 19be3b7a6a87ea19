//! What the stage is told to do: one line, a command and its one argument.

use std::fmt;
use std::str::FromStr;

use agent_core::model::Ownership;

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Make a code for a device of this ownership.
    Token(Ownership),
    /// Move the device behind a router that forwards.
    Home,
    /// Move the device behind a router that intercepts TLS.
    Cafe,
    /// Turn app sync on or off.
    AppSync(bool),
    /// Tell what the connector knows of the device of that identifier, or of the one that enrolled last.
    Device(Option<String>),
    /// Tell what that device delivered.
    Story(Option<String>),
    /// Make the connector unreachable, or have it come back.
    Outage(bool),
    /// End.
    Stop,
}

/// All of them, for messages.
const USAGE: &str =
    "token corporate|personal, home, cafe, app-sync on|off, device [ID], story [ID], outage on|off, stop";

impl FromStr for Command {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            ["token", whose] => Ok(Self::Token(whose.parse()?)),
            ["home"] => Ok(Self::Home),
            ["cafe"] => Ok(Self::Cafe),
            ["app-sync", position] => switch(position).map(Self::AppSync),
            ["device"] => Ok(Self::Device(None)),
            ["device", id] => Ok(Self::Device(Some(id.to_owned()))),
            ["story"] => Ok(Self::Story(None)),
            ["story", id] => Ok(Self::Story(Some(id.to_owned()))),
            ["outage", position] => switch(position).map(Self::Outage),
            ["stop"] => Ok(Self::Stop),
            _ => Err(format!("unknown command \"{}\"; the commands are: {USAGE}", words.join(" "))),
        }
    }
}

fn switch(word: &str) -> Result<bool, String> {
    match word {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("\"{word}\" is neither on nor off")),
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let position = |on: &bool| if *on { "on" } else { "off" };
        match self {
            Self::Token(ownership) => write!(f, "token {ownership}"),
            Self::Home => f.write_str("home"),
            Self::Cafe => f.write_str("cafe"),
            Self::AppSync(on) => write!(f, "app-sync {}", position(on)),
            Self::Device(None) => f.write_str("device"),
            Self::Device(Some(id)) => write!(f, "device {id}"),
            Self::Story(None) => f.write_str("story"),
            Self::Story(Some(id)) => write!(f, "story {id}"),
            Self::Outage(on) => write!(f, "outage {}", position(on)),
            Self::Stop => f.write_str("stop"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_is_told_back_as_it_was_given() {
        for line in [
            "token corporate",
            "token personal",
            "home",
            "cafe",
            "app-sync on",
            "app-sync off",
            "device",
            "device d-1",
            "story",
            "story d-1",
            "outage on",
            "outage off",
            "stop",
        ] {
            assert_eq!(line.parse::<Command>().map(|command| command.to_string()), Ok(line.to_owned()));
        }
    }

    #[test]
    fn wrong_command_is_answered_with_what_would_be_right() {
        for line in ["", "  ", "fly", "home now", "token", "outage", "story a b", "STOP"] {
            let why = line.parse::<Command>().unwrap_err();
            assert!(why.contains(USAGE), "{why}");
        }
        assert_eq!("outage maybe".parse::<Command>(), Err("\"maybe\" is neither on nor off".to_owned()));
        assert_eq!(
            "token mine".parse::<Command>(),
            Err("\"mine\" is not one of corporate, personal".to_owned())
        );
    }
}
