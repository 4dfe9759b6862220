//! What a verification found, told to people and programs. Pure.

pub mod json;
pub mod text;
