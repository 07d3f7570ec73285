#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parser_checks::jws(data));
