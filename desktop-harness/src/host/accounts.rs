//! Accounts and their files: who else is root, and who may make themselves root.

use std::os::unix::fs::PermissionsExt;

use super::files::Files;

/// Files whose content decides who is root.
const AUTHORITIES: &[&str] = &[PASSWD, "/etc/shadow", "/etc/sudoers"];

/// passwd(5).
pub const PASSWD: &str = "/etc/passwd";

/// Signs of tampering with the accounts in `passwd`, each in words.
pub fn signs(files: &Files, passwd: &str) -> Vec<String> {
    let mut signs: Vec<String> = passwd.lines().filter_map(second_root).collect();
    signs.extend(
        AUTHORITIES
            .iter()
            .filter(|path| is_open(files, path))
            .map(|path| format!("{path} may be changed by every user, who can so become root")),
    );
    signs
}

/// The sign of a line of passwd(5), `name:password:uid:…`, that gives root's number to another name.
fn second_root(line: &str) -> Option<String> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty() && *name != "root")?;
    let uid: u32 = fields.nth(1)?.parse().ok()?;
    (uid == 0).then(|| format!("account \"{name}\" has the rights of root (user number 0)"))
}

fn is_open(files: &Files, path: &str) -> bool {
    std::fs::metadata(files.locate(path)).is_ok_and(|metadata| metadata.permissions().mode() & 0o002 != 0)
}
