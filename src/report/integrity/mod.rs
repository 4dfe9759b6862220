//! What a verification found, told to people and programs. Pure.

mod calendar;
pub mod csv;
pub mod html;
pub mod json;
pub mod junit;
#[cfg(test)]
pub(in crate::report) mod samples;
pub mod text;
pub mod words;
