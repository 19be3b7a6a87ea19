//! Whether the user's screen locks, as the session's desktop tells it.

use agent_core::model::Fact;

use super::environment::Environment;
use super::files::Files;
use super::gsettings;

/// Whether the desktop locks the screen after a while. Both desktops ask for the account's password then.
pub fn screen_lock(files: &Files, environment: &Environment) -> Fact<bool> {
    let Some(desktop) = environment.desktop() else {
        return Fact::not_available("there is no graphical session, so there is no screen to lock");
    };
    if desktop.contains("gnome") {
        let asked = ["get", "org.gnome.desktop.screensaver", "lock-enabled"];
        let answer = gsettings::ask(files, environment, &asked);
        return match answer.as_deref().map(str::trim) {
            Some("true") => Fact::known(true),
            Some("false") => Fact::known(false),
            _ => Fact::not_available("GNOME's settings did not answer"),
        };
    }
    if desktop.contains("kde") {
        return kde(files, environment);
    }
    Fact::not_available(format!("the desktop \"{desktop}\" does not tell whether it locks the screen"))
}

/// KDE's `kscreenlockerrc`: `Autolock` in `[Daemon]`, on unless said otherwise.
fn kde(files: &Files, environment: &Environment) -> Fact<bool> {
    let config = match (environment.get("XDG_CONFIG_HOME"), environment.home()) {
        (Some(directory), _) => directory.into(),
        (None, Some(home)) => home.join(".config"),
        (None, None) => return Fact::not_available("the user's home directory is not told"),
    };
    let text = match files.text(config.join("kscreenlockerrc")) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Fact::not_available(format!("KDE's screen locker settings: {error}")),
    };
    let mut section = "";
    let mut locks = true;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        } else if let Some(value) = line.strip_prefix("Autolock=").filter(|_| section == "[Daemon]") {
            locks = value != "false";
        }
    }
    Fact::known(locks)
}
