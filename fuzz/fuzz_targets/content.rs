//! See `../checks.rs`.

#![no_main]
#![allow(dead_code)]

#[path = "../checks.rs"]
mod checks;
#[path = "../../src/integrity/mod.rs"]
mod integrity;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::content(bytes));
