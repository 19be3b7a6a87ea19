//! The `mtd` command. Everything is in the library, so that tests reach it.

fn main() -> std::process::ExitCode {
    desktop_harness::cli::main()
}
