//! Android from version 15 on runs on devices with pages of 16 KB, which load no library that is aligned to less. The host's
//! library is linked in the same way, so that what the tests look at is what is shipped.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let system = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if matches!(system.as_str(), "android" | "linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,max-page-size=16384");
    }
}
