//! Whether the file system that holds the user's data lies on encrypted storage.
//!
//! Told from what the kernel shows without privilege: the mount table, and in sysfs the stack of block devices
//! below it, in which dm-crypt marks its own with a `CRYPT-` UUID. Not visible this way, and never guessed:
//! disks that encrypt themselves, what lies below a virtual disk, ZFS's own encryption, and fscrypt, which
//! works a directory at a time. A btrfs of several devices is judged by the one that it was mounted by.

use std::path::{Path, PathBuf};

use agent_core::model::Fact;

use super::files::{Files, unreadable};

/// Deepest stack of block devices that is walked. LUKS on LVM on RAID on a partition is four.
const MAX_DEPTH: usize = 8;

/// Most block devices below one that are looked at. A RAID of 24 disks is a large server.
const MAX_SLAVES: usize = 64;

/// File systems that encrypt every file themselves.
const ENCRYPTING: &[&str] = &["ecryptfs", "fuse.cryfs", "fuse.encfs", "fuse.gocryptfs"];

const MOUNTS: &str = "/proc/self/mountinfo";

/// Whether the storage of `home`, or of `/` where there is no home, is encrypted.
pub fn storage_encrypted(files: &Files, home: Option<&Path>) -> Fact<bool> {
    let mounts = match files.text(MOUNTS) {
        Ok(text) => text,
        Err(error) => return unreadable(MOUNTS, &error),
    };
    let path = home.unwrap_or(Path::new("/"));
    let Some(mount) = mount_of(&mounts, path) else {
        return Fact::not_available("the mount table does not show the file system of the user's data");
    };
    if ENCRYPTING.contains(&mount.kind.as_str()) {
        return Fact::known(true);
    }
    let Some(device) = block_device(files, &mount) else {
        return Fact::not_available(format!(
            "the user's data is on a file system without a disk of its own ({})",
            mount.kind
        ));
    };
    match stack(files, &device, MAX_DEPTH) {
        Stack::Encrypted => Fact::known(true),
        Stack::Virtual => {
            Fact::not_available("the disk is virtual: whether it is encrypted is known to its host alone")
        }
        Stack::Unclear => Fact::not_available("the disks below the user's data could not be followed"),
        Stack::Plain if files.locate(&mount.point).join(".fscrypt").exists() => Fact::not_available(
            "directories on this disk may be encrypted by fscrypt, which does not tell which",
        ),
        Stack::Plain => Fact::known(false),
    }
}

struct Mount {
    device: String,
    point: PathBuf,
    kind: String,
    source: String,
}

/// The mount that `path` is on: the longest prefix, and of equal ones the last, which covers the others.
fn mount_of(mounts: &str, path: &Path) -> Option<Mount> {
    mounts
        .lines()
        .filter_map(Mount::parse)
        .filter(|mount| path.starts_with(&mount.point))
        .max_by_key(|mount| mount.point.components().count())
}

impl Mount {
    /// Reads a line of proc_pid_mountinfo(5):
    /// `36 35 98:0 /root /point options [optional...] - type source options`.
    fn parse(line: &str) -> Option<Self> {
        let (left, right) = line.split_once(" - ")?;
        let mut left = left.split(' ').skip(2);
        let (device, point) = (left.next()?, left.nth(1)?);
        let mut right = right.split(' ');
        let (kind, source) = (right.next()?, right.next()?);
        Some(Self {
            device: device.to_owned(),
            point: PathBuf::from(unescape(point)),
            kind: kind.to_owned(),
            source: unescape(source),
        })
    }
}

/// Undoes the octal escapes that the kernel writes for space, tab, newline and backslash.
fn unescape(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .into_iter()
        .fold(text.to_owned(), |text, (escape, plain)| text.replace(escape, plain))
}

/// The directory in sysfs of the block device below `mount`.
fn block_device(files: &Files, mount: &Mount) -> Option<PathBuf> {
    let by_number = PathBuf::from("/sys/dev/block").join(&mount.device);
    if files.locate(&by_number).exists() {
        return Some(by_number);
    }
    // btrfs shows a device number of its own, so its device is found by name; `/dev/mapper/x` links to `dm-0`.
    let source = mount.source.strip_prefix("/dev/")?;
    let node = files.locate(Path::new("/dev").join(source)).canonicalize().ok()?;
    let by_name = Path::new("/sys/class/block").join(node.file_name()?);
    files.locate(&by_name).exists().then_some(by_name)
}

enum Stack {
    Encrypted,
    Plain,
    Virtual,
    Unclear,
}

/// What `device` rests on. It is encrypted if it is dm-crypt's, or if everything below it is.
fn stack(files: &Files, device: &Path, depth: usize) -> Stack {
    if files.text(device.join("dm/uuid")).is_ok_and(|uuid| uuid.starts_with("CRYPT-")) {
        return Stack::Encrypted;
    }
    let slaves = files.names(device.join("slaves")).unwrap_or_default();
    if slaves.is_empty() {
        return leaf(files, device);
    }
    if depth == 0 || slaves.len() > MAX_SLAVES {
        return Stack::Unclear;
    }
    let below = slaves.iter().map(|name| stack(files, &device.join("slaves").join(name), depth - 1));
    below.fold(Stack::Encrypted, |all, one| match (all, one) {
        (Stack::Plain, _) | (_, Stack::Plain) => Stack::Plain,
        (Stack::Encrypted, one) => one,
        (all, _) => all,
    })
}

/// A device with nothing below it: a disk, or something that hides what it rests on.
fn leaf(files: &Files, device: &Path) -> Stack {
    let path = files.locate(device).canonicalize().unwrap_or_default();
    let is = |prefix: &str| {
        path.components().any(|part| part.as_os_str().to_str().is_some_and(|part| part.starts_with(prefix)))
    };
    if is("virtio") || is("vd") || is("xvd") || is("vbd-") {
        Stack::Virtual
    } else if is("loop") || is("zd") || is("nbd") {
        Stack::Unclear
    } else {
        Stack::Plain
    }
}
