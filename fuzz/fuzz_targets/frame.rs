//! `cargo +nightly fuzz run frame`
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_targets::frame(data));
