//! Tags: which are the user's, which are ours, which are AWS's.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub type Tags = BTreeMap<String, String>;

/// Names the object that owns an AWS resource: `INSTANCE/NAMESPACE/NAME`.
pub const OWNER: &str = "trailkeeper.dev/owner";

/// Set when a resource that existed before was taken over: what it held then is kept (policy statements).
pub const ADOPTED: &str = "trailkeeper.dev/adopted";

/// Prefix of the tags that only AWS may write.
const RESERVED: &str = "aws:";

/// What the tags say about ownership.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerFacts {
    pub owner: Option<String>,
    pub adopted: bool,
}

impl OwnerFacts {
    pub fn of(tags: &Tags) -> Self {
        Self { owner: tags.get(OWNER).cloned(), adopted: tags.contains_key(ADOPTED) }
    }
}

/// The tags that are the user's to declare.
pub fn users(tags: &Tags) -> Tags {
    tags.iter()
        .filter(|(key, _)| !key.starts_with(RESERVED) && key.as_str() != OWNER && key.as_str() != ADOPTED)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// The declared tags with the marks of ownership.
pub fn with_owner(declared: &Tags, owner: &str, adopted: bool) -> Tags {
    let mut tags = declared.clone();
    tags.insert(OWNER.to_owned(), owner.to_owned());
    if adopted {
        tags.insert(ADOPTED.to_owned(), "true".to_owned());
    }
    tags
}

/// The marks of ownership that a claim writes.
pub fn marks(owner: &str, facts: &OwnerFacts, adopting: bool) -> Tags {
    with_owner(&Tags::new(), owner, adopting || facts.adopted)
}

/// Tags to set, and keys to remove.
pub fn changes(desired: &Tags, observed: &Tags) -> (Tags, Vec<String>) {
    let set =
        desired.iter().filter(|(key, value)| observed.get(*key) != Some(value)).map(|(key, value)| (key.clone(), value.clone())).collect();
    let remove = observed.keys().filter(|key| !desired.contains_key(*key)).cloned().collect();
    (set, remove)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_tags_and_marks_of_ownership_are_nobodys_to_declare() {
        let tags =
            with_owner(&Tags::from([("team".into(), "sec".into()), ("aws:cloudformation:stack-name".into(), "x".into())]), "i/ns/n", true);
        assert_eq!(users(&tags), Tags::from([("team".into(), "sec".into())]));
        assert_eq!(OwnerFacts::of(&tags), OwnerFacts { owner: Some("i/ns/n".into()), adopted: true });
    }

    #[test]
    fn changes_say_what_to_set_and_what_to_remove() {
        let (set, remove) = changes(
            &Tags::from([("a".into(), "1".into()), ("b".into(), "2".into())]),
            &Tags::from([("a".into(), "1".into()), ("c".into(), "3".into())]),
        );
        assert_eq!(set, Tags::from([("b".into(), "2".into())]));
        assert_eq!(remove, ["c"]);
    }
}
