//! The environment variables of the user's session, as a value.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Variables by name.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process; those that are not UTF-8 are left out.
    pub fn of_process() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
        )
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

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}
