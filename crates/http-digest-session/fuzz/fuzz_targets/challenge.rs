//! Challenges and `Authentication-Info` of any form. `src/hostile.rs` says what must hold. The
//! parsers are private, so this target is compiled with their files, and not with the crate.
#![no_main]

#[allow(dead_code)]
#[path = "../../src"]
mod digest {
    mod algorithm;
    mod challenge;
    mod error;
    pub(super) mod hostile;
    mod nonce_counts;
    mod params;
    mod session;
}

libfuzzer_sys::fuzz_target!(|lines: &[u8]| digest::hostile::check(lines));
