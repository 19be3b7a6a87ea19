//! Writes the Kotlin, Swift and Python sources of a built library:
//!
//! ```text
//! cargo build -p bindings
//! cargo run -p bindgen -- generate --library target/debug/libmtd_agent.so --language kotlin --out-dir DIR
//! ```

fn main() {
    uniffi::uniffi_bindgen_main();
}
