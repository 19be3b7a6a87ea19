//! An HTTP response, read as a portal's and as a canary's. The first byte says in how large pieces it comes.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| agent_core::network::fuzzing::http_response(bytes));
