//! Screen lock, signs of tampering, debugging switches.

use agent_core::model::Fact;

use super::Machine;
use crate::host::environment::Environment;
use crate::host::integrity::{debug_flags, root_signs};
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
        .file("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nana:x:1000:1000::/home/ana:/bin/bash\n")
}

#[test]
fn an_honest_installation_shows_no_sign() {
    assert_eq!(root_signs(&honest().files()), Fact::known(vec![]));
    assert_eq!(debug_flags(&honest().files(), &Environment::default()), Fact::known(vec![]));
}

#[test]
fn an_out_of_tree_or_unsigned_driver_is_no_sign_while_the_kernel_allows_it() {
    let machine = honest()
        .file("/proc/sys/kernel/tainted", "12289\n")
        .file("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
    assert_eq!(root_signs(&machine.files()), Fact::known(vec![]));
}

#[test]
fn each_tampering_leaves_its_sign() {
    for (machine, words) in [
        (
            honest().file("/etc/ld.so.preload", "# cache\n/lib/libprocesshider.so\n"),
            "/lib/libprocesshider.so is",
        ),
        (honest().file("/proc/sys/kernel/tainted", "2"), "loaded by force"),
        (
            honest()
                .file("/proc/sys/kernel/tainted", "8192")
                .file("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n"),
            "unsigned kernel module",
        ),
        (honest().file("/etc/passwd", "root:x:0:0::/:\nhelper:x:0:0::/:\n"), "account \"helper\""),
        (honest().file("/etc/sudoers", "").mode("/etc/sudoers", 0o666), "/etc/sudoers may be changed"),
    ] {
        let signs = root_signs(&machine.files());
        let [sign] = signs.value().unwrap().as_slice() else { panic!("one sign expected: {signs:?}") };
        assert!(sign.contains(words), "{sign}");
    }
}

#[test]
fn the_library_that_raspberry_pi_os_preloads_is_no_sign() {
    let library = "/usr/lib/arm-linux-gnueabihf/libarmmem-${PLATFORM}.so\n";
    assert_eq!(root_signs(&honest().file("/etc/ld.so.preload", library).files()), Fact::known(vec![]));
}

#[test]
fn a_taint_that_is_no_number_is_not_an_honest_kernel() {
    assert!(root_signs(&honest().file("/proc/sys/kernel/tainted", "many").files()).value().is_none());
}

#[test]
fn each_debugging_switch_is_named() {
    let machine = honest()
        .file("/proc/self/status", "Name:\tmtd\nTracerPid:\t4711\n")
        .file("/proc/sys/kernel/yama/ptrace_scope", "0\n")
        .file("/sys/fs/selinux/enforce", "0");
    let environment = Environment::from([("LD_PRELOAD", "/tmp/hook.so"), ("LD_AUDIT", "")]);

    assert_eq!(
        debug_flags(&machine.files(), &environment),
        Fact::known(vec![
            "a debugger is attached to the agent".to_owned(),
            "LD_PRELOAD puts foreign code into the agent".to_owned(),
            "every program may debug the user's other programs (kernel.yama.ptrace_scope = 0)".to_owned(),
            "SELinux only warns (permissive)".to_owned(),
        ])
    );
}
