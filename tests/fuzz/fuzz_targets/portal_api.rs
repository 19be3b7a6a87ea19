//! What a network's captive portal API says, as JSON and in an HTTP response. The first byte says in how large pieces
//! that comes.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| agent_core::network::fuzzing::portal_api(bytes));
