//! The proxies that the user's programs are told to use: by environment variables, by `/etc/environment`
//! (pam_env(8), for every session) and by GNOME's settings.
//!
//! What only one program reads, such as apt's or a browser's own settings, is not the network's.

use agent_core::model::Proxy;
use url::Url;

use super::environment::Environment;
use super::files::Files;
use super::gsettings;

/// The variables that curl(1) and most libraries follow, and the traffic that each is for.
const VARIABLES: &[(&str, &str)] = &[
    ("http_proxy", "http"),
    ("HTTP_PROXY", "http"),
    ("https_proxy", "https"),
    ("HTTPS_PROXY", "https"),
    ("all_proxy", "all"),
    ("ALL_PROXY", "all"),
];

/// GNOME's manual proxies, and the traffic that each is for.
const GNOME_PROXIES: &[(&str, &str)] = &[("http", "http"), ("https", "https"), ("socks", "all")];

/// What is said of a proxy whose address cannot be read: it may hold a password anywhere.
const UNREADABLE: &str = "unreadable";

/// The port of a SOCKS proxy that names none (RFC 1928, section 3).
const SOCKS_PORT: u16 = 1080;

/// The proxies, sorted, each once.
pub fn proxies(files: &Files, environment: &Environment) -> Vec<Proxy> {
    let session =
        VARIABLES.iter().filter_map(|(name, scheme)| Some((*scheme, environment.get(name)?.to_owned())));
    let mut proxies: Vec<Proxy> = session
        .chain(every_session(files))
        .map(|(scheme, url)| Proxy { scheme: scheme.to_owned(), address: address(&url) })
        .chain(gnome(files, environment))
        .collect();
    proxies.sort();
    proxies.dedup();
    proxies
}

/// The assignments of `/etc/environment`: `NAME=value`, optionally quoted and after `export`.
fn every_session(files: &Files) -> Vec<(&'static str, String)> {
    let text = files.text("/etc/environment").unwrap_or_default();
    let assignment = |line: &str| {
        let line = line.trim();
        let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
        let (_, scheme) = VARIABLES.iter().find(|(variable, _)| *variable == name.trim())?;
        let value = value.trim().trim_matches(['"', '\'']);
        (!value.is_empty()).then(|| (*scheme, value.to_owned()))
    };
    text.lines().filter_map(assignment).collect()
}

/// `host:port` of a proxy's URL, which needs no scheme, without user name and password.
fn address(url: &str) -> String {
    let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let parsed = Url::parse(&url).ok();
    let host_and_port = parsed.as_ref().and_then(|url| {
        let port = url.port_or_known_default().unwrap_or(SOCKS_PORT);
        Some(format!("{}:{port}", url.host_str()?))
    });
    host_and_port.unwrap_or_else(|| UNREADABLE.to_owned())
}

fn gnome(files: &Files, environment: &Environment) -> Vec<Proxy> {
    gsettings::ask(files, environment, &["list-recursively", "org.gnome.system.proxy"])
        .map(|answer| gnome_proxies(&answer))
        .unwrap_or_default()
}

/// Reads lines such as `org.gnome.system.proxy.http host 'proxy.example'`.
fn gnome_proxies(answer: &str) -> Vec<Proxy> {
    let setting = |schema: &str, key: &str| {
        let line = answer.lines().find_map(|line| line.strip_prefix(schema)?.strip_prefix(key))?;
        Some(line.trim().trim_matches('\'')).filter(|value| !value.is_empty())
    };
    match setting("org.gnome.system.proxy ", "mode ") {
        Some("auto") => {
            let script = setting("org.gnome.system.proxy ", "autoconfig-url ");
            vec![Proxy {
                scheme: "pac".to_owned(),
                address: script.map_or("wpad".to_owned(), without_credentials),
            }]
        }
        Some("manual") => GNOME_PROXIES
            .iter()
            .filter_map(|(name, scheme)| {
                let schema = format!("org.gnome.system.proxy.{name} ");
                let host = setting(&schema, "host ")?;
                let port = setting(&schema, "port ").unwrap_or("0");
                Some(Proxy { scheme: (*scheme).to_owned(), address: format!("{host}:{port}") })
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn without_credentials(url: &str) -> String {
    let stripped = Url::parse(url).ok().and_then(|mut url| {
        if url.has_host() {
            url.set_username("").ok()?;
            url.set_password(None).ok()?;
        }
        url.set_query(None);
        Some(url.to_string())
    });
    stripped.unwrap_or_else(|| UNREADABLE.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gnome_manual_proxies_are_read_and_an_empty_host_is_none() {
        let answer = "org.gnome.system.proxy autoconfig-url ''\n\
                      org.gnome.system.proxy mode 'manual'\n\
                      org.gnome.system.proxy.http host 'proxy.example'\n\
                      org.gnome.system.proxy.http port 3128\n\
                      org.gnome.system.proxy.https host ''\n\
                      org.gnome.system.proxy.https port 0\n";
        assert_eq!(
            gnome_proxies(answer),
            [Proxy { scheme: "http".to_owned(), address: "proxy.example:3128".to_owned() }]
        );
    }

    #[test]
    fn gnome_automatic_proxy_shows_the_script_without_its_credentials() {
        let answer = "org.gnome.system.proxy mode 'auto'\n\
                      org.gnome.system.proxy autoconfig-url 'http://user:secret@pac.example/proxy.pac?token=1'\n";
        assert_eq!(
            gnome_proxies(answer),
            [Proxy { scheme: "pac".to_owned(), address: "http://pac.example/proxy.pac".to_owned() }]
        );
    }

    #[test]
    fn file_urls_of_scripts_keep_their_path() {
        assert_eq!(without_credentials("file:///etc/proxy.pac"), "file:///etc/proxy.pac");
    }

    #[test]
    fn addresses_have_a_port_and_no_credentials() {
        for (url, expected) in [
            ("http://user:secret@proxy.example:3128/", "proxy.example:3128"),
            ("proxy.example:8080", "proxy.example:8080"),
            ("http://proxy.example", "proxy.example:80"),
            ("socks5h://[::1]", "[::1]:1080"),
            ("http://", UNREADABLE),
        ] {
            assert_eq!(address(url), expected, "{url}");
        }
    }
}
