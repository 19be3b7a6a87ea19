//! Screen lock, signs of tampering, debugging switches.

use agent_core::model::Fact;

use super::Machine;
use crate::host::added_roots::added_roots;
use crate::host::environment::Environment;
use crate::host::firmware::{boot_gap, emulator_signs};
use crate::host::hooks::hooking_signs;
use crate::host::integrity::{debug_flags, root_signs, tamper_signs};
use crate::host::posture::device_posture;
use crate::host::screen_lock::screen_lock;

const KDE: [(&str, &str); 3] = [("HOME", "/home/ana"), ("DISPLAY", ":0"), ("XDG_CURRENT_DESKTOP", "KDE")];

#[test]
fn without_a_graphical_session_there_is_no_screen_to_lock() {
    let fact = screen_lock(&Machine::new().files(), &Environment::from([("HOME", "/home/ana")]));
    assert_eq!(fact, Fact::not_available("there is no graphical session, so there is no screen to lock"));
}

#[test]
fn kde_locks_unless_its_settings_say_otherwise() {
    let path = "/home/ana/.config/kscreenlockerrc";
    for (settings, locks) in [
        ("", true),
        ("[Daemon]\nTimeout=5\n", true),
        ("[Daemon]\nAutolock=false\n", false),
        ("[Greeter]\nAutolock=false\n", true),
    ] {
        let machine = Machine::new().file(path, settings);
        assert_eq!(screen_lock(&machine.files(), &Environment::from(KDE)), Fact::known(locks), "{settings}");
    }
    assert_eq!(screen_lock(&Machine::new().files(), &Environment::from(KDE)), Fact::known(true));
}

#[test]
fn a_desktop_that_is_not_known_is_named() {
    let environment = Environment::from([("WAYLAND_DISPLAY", "wayland-0"), ("XDG_CURRENT_DESKTOP", "sway")]);
    assert_eq!(
        screen_lock(&Machine::new().files(), &environment),
        Fact::not_available("the desktop \"sway\" does not tell whether it locks the screen")
    );
}

fn honest() -> Machine {
    Machine::new()
        .file("/proc/sys/kernel/tainted", "0\n")
        .file("/proc/self/status", "Name:\tmtd\nTracerPid:\t0\n")
        .file("/proc/self/maps", "7f00-7f01 r-xp 00000000 08:01 42    /usr/bin/mtd\n")
        .file("/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu vme\n")
        .file("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nana:x:1000:1000::/home/ana:/bin/bash\n")
}

fn no_hooks() -> Fact<Vec<String>> {
    Fact::known(vec![])
}

#[test]
fn an_honest_installation_shows_no_sign() {
    let environment = Environment::default();
    assert_eq!(root_signs(&honest().files()), Fact::known(vec![]));
    assert_eq!(tamper_signs(&honest().files()), Fact::known(vec![]));
    assert_eq!(debug_flags(&honest().files()), Fact::known(vec![]));
    assert_eq!(hooking_signs(&honest().files(), &environment), no_hooks());
    assert_eq!(emulator_signs(&honest().files()), Fact::known(vec![]));
    assert!(root_signs(&Machine::new().files()).value().is_none(), "nothing can be read there");
}

#[test]
fn an_out_of_tree_or_unsigned_driver_is_no_sign_while_the_kernel_allows_it() {
    let machine = honest()
        .file("/proc/sys/kernel/tainted", "12289\n")
        .file("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
    assert_eq!(tamper_signs(&machine.files()), Fact::known(vec![]));
}

fn only(signs: &Fact<Vec<String>>) -> &str {
    let [sign] = signs.value().unwrap().as_slice() else { panic!("one sign expected: {signs:?}") };
    sign
}

#[test]
fn each_tampering_leaves_its_sign() {
    for (machine, words) in [
        (honest().file("/proc/sys/kernel/tainted", "2"), "loaded by force"),
        (
            honest()
                .file("/proc/sys/kernel/tainted", "8192")
                .file("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n"),
            "unsigned kernel module",
        ),
    ] {
        assert!(only(&tamper_signs(&machine.files())).contains(words), "{words}");
    }
    for (machine, words) in [
        (honest().file("/etc/passwd", "root:x:0:0::/:\nhelper:x:0:0::/:\n"), "account \"helper\""),
        (honest().file("/etc/sudoers", "").mode("/etc/sudoers", 0o666), "/etc/sudoers may be changed"),
    ] {
        assert!(only(&root_signs(&machine.files())).contains(words), "{words}");
    }
}

#[test]
fn each_way_into_the_process_leaves_its_sign() {
    let maps = "7f00-7f01 r-xp 00000000 08:01 42    /tmp/frida-agent-64.so\n\
                7f01-7f02 r--p 00001000 08:01 42    /tmp/frida-agent-64.so\n\
                7f02-7f03 r-xp 00000000 08:01 43    /home/ana/frida-agent/mtd\n";
    for (machine, environment, words) in [
        (
            honest().file("/etc/ld.so.preload", "# cache\n/lib/libprocesshider.so\n"),
            Environment::default(),
            "/lib/libprocesshider.so is loaded into every program",
        ),
        (
            honest(),
            Environment::from([("LD_PRELOAD", "/usr/lib/libjemalloc.so.2:/tmp/hook.so"), ("LD_AUDIT", "")]),
            "/tmp/hook.so is loaded into the agent (LD_PRELOAD)",
        ),
        (honest().file("/proc/self/maps", maps), Environment::default(), "/tmp/frida-agent-64.so is at work"),
    ] {
        let signs = hooking_signs(&machine.files(), &environment);
        assert!(only(&signs).starts_with(words), "{signs:?}");
    }
}

#[test]
fn libraries_that_are_preloaded_for_reasons_of_their_own_are_no_sign() {
    let machine =
        honest().file("/etc/ld.so.preload", "/usr/lib/arm-linux-gnueabihf/libarmmem-${PLATFORM}.so\n");
    let environment = Environment::from([("LD_PRELOAD", "/usr/lib/libfakeroot/libfakeroot-sysv.so")]);
    assert_eq!(hooking_signs(&machine.files(), &environment), no_hooks());
}

#[test]
fn a_taint_that_is_no_number_is_not_an_honest_kernel() {
    assert!(tamper_signs(&honest().file("/proc/sys/kernel/tainted", "many").files()).value().is_none());
}

#[test]
fn a_virtual_desktop_is_named_and_is_no_emulator() {
    for (machine, words) in [
        (honest().file("/sys/class/dmi/id/sys_vendor", "QEMU\n"), "(QEMU)"),
        (honest().file("/sys/class/dmi/id/product_name", "VMware Virtual Platform\n"), "(VMware)"),
        (
            honest().file("/proc/cpuinfo", "processor: 0\nflags\t\t: fpu hypervisor lahf_lm\n"),
            "(of unknown make)",
        ),
    ] {
        let Fact::NotAvailable { why } = emulator_signs(&machine.files()) else { panic!("{words}") };
        assert!(why.contains("virtual machine") && why.contains(words), "{why}");
    }
    let honest = honest().file("/sys/class/dmi/id/sys_vendor", "LENOVO\n");
    assert_eq!(emulator_signs(&honest.files()), Fact::known(vec![]));
}

#[test]
fn secure_boot_is_told_and_taken_for_no_verified_system() {
    let variable = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
    for (machine, words) in [
        (honest().file(variable, "\u{6}\0\0\0\u{1}"), "Secure Boot is on"),
        (honest().file(variable, "\u{6}\0\0\0\0"), "Secure Boot is off"),
        (honest(), "does not tell"),
    ] {
        assert!(boot_gap(&machine.files()).contains(words), "{words}");
    }
}

#[test]
fn the_build_of_debian_is_its_point_release() {
    let build = |version: &str, os_release: &str| {
        let machine = honest().file("/etc/debian_version", version).file("/etc/os-release", os_release);
        device_posture(&machine.files(), &Environment::default()).os_build
    };
    assert_eq!(build("12.11\n", "NAME=Debian\nVERSION_ID=12\n"), Fact::known("12.11".to_owned()));
    assert_eq!(build("trixie/sid\n", "NAME=Arch\nBUILD_ID=rolling\n"), Fact::known("rolling".to_owned()));
    assert!(build("trixie/sid\n", "NAME=Debian\n").value().is_none());
}

#[test]
fn roots_that_the_administrator_added_are_told() {
    let pem = |name: &str| {
        let mut parameters = rcgen::CertificateParams::default();
        parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
        parameters.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem()
    };
    let machine = honest()
        .file("/usr/local/share/ca-certificates/corp.crt", &pem("Corp Root"))
        .file("/usr/local/share/ca-certificates/lab/lab.crt", &pem("Lab Root"))
        .file("/usr/local/share/ca-certificates/readme.txt", "nothing");
    let roots = added_roots(&machine.files());
    let mut subjects: Vec<_> = roots.value().unwrap().iter().map(|root| root.subject.as_str()).collect();
    subjects.sort_unstable();
    assert_eq!(subjects.len(), 2);
    assert!(subjects[0].contains("CN=Corp Root") && subjects[1].contains("CN=Lab Root"), "{subjects:?}");
    let fresh = honest().file("/usr/share/ca-certificates/mozilla/x.crt", &pem("Shipped Root"));
    assert_eq!(added_roots(&fresh.files()), Fact::known(vec![]));
}

#[test]
fn each_debugging_switch_is_named() {
    let machine = honest()
        .file("/proc/self/status", "Name:\tmtd\nTracerPid:\t4711\n")
        .file("/proc/sys/kernel/yama/ptrace_scope", "0\n")
        .file("/sys/fs/selinux/enforce", "0");
    assert_eq!(
        debug_flags(&machine.files()),
        Fact::known(vec![
            "a debugger is attached to the agent".to_owned(),
            "every program may debug the user's other programs (kernel.yama.ptrace_scope = 0)".to_owned(),
            "SELinux only warns (permissive)".to_owned(),
        ])
    );
}
