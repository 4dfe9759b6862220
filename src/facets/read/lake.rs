//! Questions about an event data store.

use crate::facets::store_import::ImportState;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LakeRead {
    /// The store: by its ARN if that is known, else by its name, else by its ownership tag.
    Store {
        name: String,
        known: Option<String>,
        owner: String,
    },
    StoreTags {
        store: String,
    },
    StoreInsights {
        store: String,
    },
    /// The newest import into the store that is the same as `import`.
    Import {
        store: String,
        import: ImportState,
    },
}
