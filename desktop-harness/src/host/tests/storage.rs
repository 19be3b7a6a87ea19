//! Disk encryption, by stacks of block devices as sysfs shows them.

use std::path::Path;

use agent_core::model::Fact;
use proptest::prelude::*;

use super::Machine;
use crate::host::encryption::storage_encrypted;

const PLAIN_ROOT: &str =
    "22 27 0:21 / /proc rw - proc proc rw\n27 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw\n";

fn encrypted(machine: &Machine, home: &str) -> Fact<bool> {
    storage_encrypted(&machine.files(), Some(Path::new(home)))
}

fn with_plain_disk() -> Machine {
    Machine::new()
        .file("/proc/self/mountinfo", PLAIN_ROOT)
        .link("/sys/dev/block/259:2", "/sys/devices/pci0000:00/nvme/nvme0/nvme0n1/nvme0n1p2")
}

#[test]
fn a_partition_of_a_disk_is_not_encrypted() {
    assert_eq!(encrypted(&with_plain_disk(), "/home/ana"), Fact::known(false));
}

#[test]
fn logical_volumes_on_luks_are_encrypted() {
    let machine = Machine::new()
        .file("/proc/self/mountinfo", "27 1 253:1 / / rw - ext4 /dev/mapper/vg-root rw\n")
        .file("/sys/devices/virtual/block/dm-1/dm/uuid", "LVM-abcdef\n")
        .file("/sys/devices/virtual/block/dm-0/dm/uuid", "CRYPT-LUKS2-0123-luks\n")
        .link("/sys/dev/block/253:1", "/sys/devices/virtual/block/dm-1")
        .link("/sys/devices/virtual/block/dm-1/slaves/dm-0", "/sys/devices/virtual/block/dm-0");
    assert_eq!(encrypted(&machine, "/home/ana"), Fact::known(true));
}

#[test]
fn a_mirror_with_one_plain_half_is_not_encrypted() {
    let machine = Machine::new()
        .file("/proc/self/mountinfo", "27 1 9:0 / / rw - ext4 /dev/md0 rw\n")
        .file("/sys/devices/virtual/block/dm-0/dm/uuid", "CRYPT-LUKS2-0123-luks\n")
        .link("/sys/dev/block/9:0", "/sys/devices/virtual/block/md0")
        .link("/sys/devices/virtual/block/md0/slaves/dm-0", "/sys/devices/virtual/block/dm-0")
        .link("/sys/devices/virtual/block/md0/slaves/sda1", "/sys/devices/pci0000:00/ata1/sda/sda1");
    assert_eq!(encrypted(&machine, "/"), Fact::known(false));
}

#[test]
fn btrfs_is_followed_by_the_name_of_its_device() {
    let machine = Machine::new()
        .file("/proc/self/mountinfo", "27 1 0:35 /@ / rw - btrfs /dev/mapper/luks-1 rw,subvol=/@\n")
        .link("/dev/mapper/luks-1", "/dev/dm-0")
        .file("/sys/devices/virtual/block/dm-0/dm/uuid", "CRYPT-LUKS2-0123-luks\n")
        .link("/sys/class/block/dm-0", "/sys/devices/virtual/block/dm-0");
    assert_eq!(encrypted(&machine, "/home/ana"), Fact::known(true));
}

#[test]
fn the_home_that_is_mounted_apart_decides() {
    let mounts = format!("{PLAIN_ROOT}40 27 0:50 / /home/ana\\040maria rw - ecryptfs /home/.ecryptfs rw\n");
    let machine = with_plain_disk().file("/proc/self/mountinfo", &mounts);
    assert_eq!(encrypted(&machine, "/home/ana maria"), Fact::known(true));
    assert_eq!(encrypted(&machine, "/home/ana"), Fact::known(false));
}

#[test]
fn a_later_mount_covers_an_earlier_one_at_the_same_place() {
    let mounts = format!("{PLAIN_ROOT}41 27 0:51 / / rw - fuse.gocryptfs secret rw\n");
    assert_eq!(encrypted(&with_plain_disk().file("/proc/self/mountinfo", &mounts), "/"), Fact::known(true));
}

#[test]
fn where_it_cannot_be_told_the_reason_is_given() {
    let virtual_disk = Machine::new()
        .file("/proc/self/mountinfo", "27 1 254:0 / / rw - ext4 /dev/vda rw\n")
        .link("/sys/dev/block/254:0", "/sys/devices/pci0000:00/virtio0/block/vda");
    let overlay = Machine::new().file("/proc/self/mountinfo", "27 1 0:40 / / rw - overlay overlay rw\n");
    let fscrypt = with_plain_disk().file("/.fscrypt/policies/1", "");
    let own_slave = Machine::new()
        .file("/proc/self/mountinfo", "27 1 9:0 / / rw - ext4 /dev/md0 rw\n")
        .link("/sys/dev/block/9:0", "/sys/devices/virtual/block/md0")
        .link("/sys/devices/virtual/block/md0/slaves/md0", "/sys/devices/virtual/block/md0");
    for (machine, words) in [
        (virtual_disk, "virtual"),
        (overlay, "overlay"),
        (fscrypt, "fscrypt"),
        (own_slave, "could not be followed"),
        (Machine::new(), "no /proc/self/mountinfo"),
    ] {
        let Fact::NotAvailable { why } = encrypted(&machine, "/") else { panic!("{words}") };
        assert!(why.contains(words), "{why}");
    }
}

proptest! {
    #[test]
    fn any_mount_table_is_read_without_panic(text in "(?s).{0,400}") {
        let machine = Machine::new().file("/proc/self/mountinfo", &text);
        let _ = encrypted(&machine, "/");
    }
}
