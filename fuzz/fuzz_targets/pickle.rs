//! `cargo +nightly fuzz run pickle`
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_targets::pickle(data));
