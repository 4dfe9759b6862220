//! Where a trail delivers besides its bucket, and the key of a bucket that somebody else keeps.

mod key;
mod logs;
