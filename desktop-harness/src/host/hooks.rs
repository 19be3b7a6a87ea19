//! Foreign code in the agent's own process: what the loader was told to put there, and what is there.

use agent_core::model::Fact;

use super::environment::Environment;
use super::files::{Files, unreadable};

/// Libraries that distributions, build tools and administrators preload for reasons of their own: faster memory, faked root
/// rights of a package build, unbuffered output, windows without decorations.
const KNOWN_PRELOADS: &[&str] = &[
    "libarmmem",
    "libeatmydata",
    "libfakeroot",
    "libgtk3-nocsd",
    "libjemalloc",
    "libmimalloc",
    "libstdbuf",
    "libtcmalloc",
];

/// What hooking frameworks call the libraries that they put into a process.
const FRAMEWORKS: &[&str] = &["frida-agent", "frida-gadget", "libfrida"];

const MAPS: &str = "/proc/self/maps";

/// Signs of hooks, each in words.
pub fn hooking_signs(files: &Files, environment: &Environment) -> Fact<Vec<String>> {
    let maps = match files.text(MAPS) {
        Ok(maps) => maps,
        Err(error) => return unreadable(MAPS, &error),
    };
    let mut signs = Vec::new();
    for name in ["LD_PRELOAD", "LD_AUDIT"] {
        let listed = libraries(environment.get(name).unwrap_or_default());
        signs.extend(listed.map(|library| format!("{library} is loaded into the agent ({name})")));
    }
    let of_all = files.text("/etc/ld.so.preload").unwrap_or_default();
    let of_all = of_all.lines().map(|line| line.split('#').next().unwrap_or_default());
    signs.extend(
        of_all
            .flat_map(libraries)
            .map(|library| format!("{library} is loaded into every program (/etc/ld.so.preload)")),
    );
    signs.extend(frameworks(&maps).map(|library| format!("{library} is at work in the agent")));
    Fact::known(signs)
}

/// The libraries of a list of ld.so(8) that are not among the known.
fn libraries(list: &str) -> impl Iterator<Item = &str> {
    let all = list.split([' ', '\t', ':']).filter(|library| !library.is_empty());
    all.filter(|library| !KNOWN_PRELOADS.iter().any(|known| file_name(library).starts_with(known)))
}

/// The libraries of frameworks among the files of proc_pid_maps(5), each once.
fn frameworks(maps: &str) -> impl Iterator<Item = &str> {
    let path = |line: &'_ str| line.split_once('/').map(|(before, _)| before.len());
    let mut paths: Vec<&str> = maps
        .lines()
        .filter_map(|line| line.get(path(line)?..))
        .filter(|path| FRAMEWORKS.iter().any(|framework| file_name(path).contains(framework)))
        .collect();
    paths.sort_unstable();
    paths.dedup();
    paths.into_iter()
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
