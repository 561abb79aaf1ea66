//! Challenges and `Authentication-Info` of any form. What must hold is said in
//! `src/auth/hostile.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|lines: &[u8]| atlas_admin::check_challenge(lines));
