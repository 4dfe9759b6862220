//! What a verification found, told to people and programs. Pure.

mod calendar;
pub mod csv;
pub mod html;
pub mod json;
pub mod junit;
#[cfg(test)]
mod samples;
pub mod text;
mod words;
