//! An HTTP response that carries a DNS message. The first byte says in how large pieces it comes.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| agent_core::network::fuzzing::dns_over_https(bytes));
