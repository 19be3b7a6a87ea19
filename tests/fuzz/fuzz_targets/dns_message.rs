//! A DNS message, read as the answer to a question for A, AAAA and TXT.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| agent_core::network::fuzzing::dns_message(bytes));
