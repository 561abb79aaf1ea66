//! Challenges and `Authentication-Info` of any form. What must hold is said in
//! `src/hostile.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|lines: &[u8]| http_digest_session::check_challenge(lines));
