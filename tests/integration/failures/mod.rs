//! What goes wrong, and what the operator makes of it: it says what AWS said and what to do, writes nothing that it should
//! not, and goes on by itself as soon as it can.

mod credentials;
mod delivery;
mod denied;
mod refusals;
mod weather;

pub use weather::assert_one_of_each;
