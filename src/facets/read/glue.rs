//! Questions about the Glue data catalog.

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GlueRead {
    /// A database with its tags.
    Database {
        database: String,
        arn: String,
    },
    Table {
        database: String,
        table: String,
    },
}
