//! The environment variables of the user's session, as a value.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// Variables by name.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process. What is not UTF-8 in a value is replaced.
    pub fn of_process() -> Self {
        let variable = |(name, value): (OsString, OsString)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        };
        Self(std::env::vars_os().filter_map(variable).collect())
    }

    /// The variable `name`, unless it is unset or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The user's home directory.
    pub fn home(&self) -> Option<PathBuf> {
        self.get("HOME").map(PathBuf::from).filter(|path| path.is_absolute())
    }

    /// The desktop of the session, in lower case (`gnome`, `ubuntu:gnome`, `kde`); `None` without a graphical
    /// session.
    pub fn desktop(&self) -> Option<String> {
        self.get("WAYLAND_DISPLAY").or_else(|| self.get("DISPLAY"))?;
        Some(self.get("XDG_CURRENT_DESKTOP").unwrap_or("unnamed").to_lowercase())
    }
}

impl fmt::Debug for Environment {
    /// Names only: values hold passwords and tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}
