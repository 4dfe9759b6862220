//! From a field's path to its place in the file. Pure.
//!
//! Objects are read into types, which know no positions; so a document is read once more, into a tree that knows nothing else,
//! when a place in it is asked for.

use super::documents::{self, Chunk};
use super::files::File;
use crate::report::place::Place;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::{Location, Spanned};
use std::collections::{HashMap, VecDeque};
use std::fmt;

/// Finds fields in the given files.
pub struct Locator<'f> {
    texts: HashMap<&'f str, &'f str>,
    /// The documents of the files that were asked about.
    chunks: HashMap<&'f str, Vec<Chunk<'f>>>,
    /// The trees of the documents that were asked about last.
    trees: VecDeque<(DocumentKey<'f>, Option<Spanned<Node>>)>,
}

/// A document by its file and the lines before it.
type DocumentKey<'f> = (&'f str, u64);

/// Questions come object by object, and each object knows few others.
const TREES_KEPT: usize = 4;

/// Where things are.
enum Node {
    Fields(Vec<(Spanned<String>, Node)>),
    Items(Vec<Spanned<Node>>),
    Leaf,
}

impl<'f> Locator<'f> {
    pub fn new(files: impl IntoIterator<Item = &'f File>) -> Self {
        Self::of_texts(files.into_iter().map(File::named))
    }

    /// The same of texts with their names.
    pub fn of_texts(texts: impl IntoIterator<Item = (&'f str, &'f str)>) -> Self {
        Self { texts: texts.into_iter().collect(), chunks: HashMap::new(), trees: VecDeque::new() }
    }

    /// The place of `field` (names and, in lists, numbers, from the top of the object) in the object at `object`; where the file
    /// does not have it, that of the nearest field above it, or else of the object.
    pub fn place(&mut self, object: &Place, field: &[String]) -> Place {
        self.nearest(object, field).unwrap_or_else(|| object.clone())
    }

    /// Where the value of a field stands, and what it is: only where it is one plain word on the line of the field's name.
    pub fn word(&mut self, object: &Place, field: &[String]) -> Option<(Place, String)> {
        let (chunk, tree) = self.document(object)?;
        let (at, depth) = deepest(find(tree.as_ref()?, object.line - chunk.before, object.column)?, field)?;
        let name = field.last().filter(|_| depth == field.len())?;
        let line = usize::try_from(at.line()).ok()?.checked_sub(1).and_then(|number| chunk.text.lines().nth(number))?;
        let before = usize::try_from(at.column()).ok()?.checked_sub(1)?;
        let from_name: String = line.chars().skip(before).collect();
        let after_colon = from_name.strip_prefix(name.as_str())?.strip_prefix(':')?;
        let value = after_colon.trim_start_matches(' ');
        let word: String = value.chars().take_while(|letter| letter.is_ascii_alphanumeric()).collect();
        let ends = value.get(word.len()..).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\r', ',', '}']));
        let gap = after_colon.len() - value.len();
        let column = at.column() + u64::try_from(name.chars().count() + 1 + gap).ok()?;
        (!word.is_empty() && gap > 0 && ends).then(|| (Place { file: object.file.clone(), line: chunk.before + at.line(), column }, word))
    }

    fn nearest(&mut self, object: &Place, field: &[String]) -> Option<Place> {
        let (chunk, tree) = self.document(object)?;
        let (at, _) = deepest(find(tree.as_ref()?, object.line - chunk.before, object.column)?, field)?;
        Some(Place { file: object.file.clone(), line: chunk.before + at.line(), column: at.column() })
    }

    /// The document that an object stands in, as text and as a tree.
    fn document(&mut self, object: &Place) -> Option<(Chunk<'f>, &Option<Spanned<Node>>)> {
        let (file, text) = self.texts.get_key_value(object.file.as_str())?;
        let chunks = self.chunks.entry(file).or_insert_with(|| documents::split(text));
        let after = chunks.partition_point(|chunk| chunk.before < object.line);
        let chunk = *chunks.get(after.checked_sub(1)?)?;
        let key = (*file, chunk.before);
        if !self.trees.iter().any(|(known, _)| *known == key) {
            self.trees.truncate(TREES_KEPT - 1);
            self.trees.push_front((key, serde_saphyr::from_str_with_options(chunk.text, documents::options()).ok()));
        }
        self.trees.iter().find(|(known, _)| *known == key).map(|(_, tree)| (chunk, tree))
    }
}

/// A field as people write it: `spec.list[1].name`.
pub fn field(path: &str) -> Vec<String> {
    path.split(['.', '[', ']']).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The field that a complaint is about: where the rule stands, or a field below that the message names.
pub fn complained_of(stands_at: &str, message: &str) -> Vec<String> {
    let at = field(stands_at);
    let named = message.split([' ', ':', ',', '(', ')']).find(|word| word.starts_with("spec.") || word.starts_with("metadata."));
    // `list[]` is any item: which one, only the rule knows.
    let named = named.map(|word| field(word.split("[]").next().unwrap_or_default())).unwrap_or_default();
    if named.starts_with(&at) { named } else { at }
}

/// The object that begins at this position: the document itself, or an item of a List.
fn find(tree: &Spanned<Node>, line: u64, column: u64) -> Option<&Node> {
    let is_at = |node: &Spanned<Node>| node.defined.line() == line && node.defined.column() == column;
    if is_at(tree) {
        return Some(&tree.value);
    }
    let Node::Fields(fields) = &tree.value else { return None };
    let items = fields.iter().find(|(name, _)| name.value == "items").map(|(_, items)| items)?;
    let Node::Items(items) = items else { return None };
    items.iter().find(|item| is_at(item)).map(|item| &item.value)
}

/// The position of the deepest part of `field` that is there, and how many parts that are.
fn deepest(mut node: &Node, field: &[String]) -> Option<(Location, usize)> {
    let mut found = None;
    for (above, part) in field.iter().enumerate() {
        let (at, below) = match node {
            Node::Fields(fields) => match fields.iter().find(|(name, _)| name.value == *part) {
                Some((name, value)) => (name.referenced, value),
                None => break,
            },
            Node::Items(items) => match part.parse::<usize>().ok().and_then(|number| items.get(number)) {
                Some(item) => (item.referenced, &item.value),
                None => break,
            },
            Node::Leaf => break,
        };
        found = Some((at, above + 1));
        node = below;
    }
    found
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;
    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("anything")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut fields = Vec::new();
        while let Some(name) = map.next_key::<Spanned<String>>()? {
            fields.push((name, map.next_value()?));
        }
        Ok(Node::Fields(fields))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Node::Items(items))
    }
    fn visit_some<D: Deserializer<'de>>(self, source: D) -> Result<Node, D::Error> {
        Node::deserialize(source)
    }
    fn visit_newtype_struct<D: Deserializer<'de>>(self, source: D) -> Result<Node, D::Error> {
        IgnoredAny::deserialize(source).map(|_| Node::Leaf)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Leaf)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Leaf)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Leaf)
    }
    fn visit_i128<E>(self, _: i128) -> Result<Node, E> {
        Ok(Node::Leaf)
    }
    fn visit_u128<E>(self, _: u128) -> Result<Node, E> {
        Ok(Node::Leaf)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Leaf)
    }
    fn visit_str<E>(self, _: &str) -> Result<Node, E> {
        Ok(Node::Leaf)
    }
    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Leaf)
    }
    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Leaf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str, line: u64, column: u64, field: &str) -> String {
        let file = File { name: "f.yaml".into(), text: text.into() };
        let object = Place { file: "f.yaml".into(), line, column };
        let field: Vec<String> = field.split('.').map(str::to_owned).collect();
        Locator::new([&file]).place(&object, &field).to_string()
    }

    #[test]
    fn a_field_is_found_or_the_nearest_above_it() {
        let text = "# head\nkind: A\n---\nkind: Trail\nspec:\n  tags: {a: b, c: d}\n  list:\n  - x: 1\n  - x: ~\n    y: !!str 2\n";
        assert_eq!(place(text, 4, 1, "spec"), "f.yaml:5:1");
        assert_eq!(place(text, 4, 1, "spec.tags.c"), "f.yaml:6:16");
        assert_eq!(place(text, 4, 1, "spec.tags.other"), "f.yaml:6:3");
        assert_eq!(place(text, 4, 1, "spec.list.1.y"), "f.yaml:10:5");
        assert_eq!(place(text, 4, 1, "spec.list.7.y"), "f.yaml:7:3");
        assert_eq!(place(text, 4, 1, "spec.logging"), "f.yaml:5:1");
        assert_eq!(place(text, 4, 1, "status"), "f.yaml:4:1");
        assert_eq!(place(text, 2, 1, "kind"), "f.yaml:2:1");
    }

    #[test]
    fn a_complaint_is_about_the_field_that_it_names_or_the_one_where_its_rule_stands() {
        let of = |at: &str, message: &str| complained_of(at, message).join("/");
        assert_eq!(of("spec", "spec.globalServiceEvents: no"), "spec/globalServiceEvents");
        assert_eq!(of("spec", "give exactly one of spec.archiveRef (an archive) and spec.bucket"), "spec/archiveRef");
        assert_eq!(of("spec.events.data[1].resourceType", "spec.events.data[].resourceType must"), "spec/events/data/1/resourceType");
        assert_eq!(of("spec.events", "only spec.ignore helps"), "spec/events");
        assert_eq!(of("", "metadata.name is no valid name: set spec.trailName"), "metadata/name");
        assert_eq!(of("spec.list[0]", "it must not be"), "spec/list/0");
    }

    #[test]
    fn items_of_lists_and_json_have_places_too() {
        let list = "kind: List\nitems:\n- kind: A\n  spec: {}\n- kind: B\n  spec:\n    x: 1\n";
        assert_eq!(place(list, 5, 3, "spec.x"), "f.yaml:7:5");
        assert_eq!(place("{\"kind\": \"A\", \"spec\": {\"x\": [1, 2]}}", 1, 1, "spec.x.1"), "f.yaml:1:33");
    }

    #[test]
    fn a_value_is_placed_where_it_is_one_plain_word() {
        let text = "kind: A\nspec:\n  a: false # why\n  b: {c:  On, d: off}\n  e: \"x\"\n  f: two words\n  g: &it yes\n  h: *it\n  i:\n    no\n  ü: j\n";
        let file = File { name: "f.yaml".into(), text: text.into() };
        let word = |path: &str| {
            let object = Place { file: "f.yaml".into(), line: 1, column: 1 };
            Locator::new([&file]).word(&object, &field(path)).map(|(place, word)| format!("{place} {word}"))
        };
        assert_eq!(word("spec.a").as_deref(), Some("f.yaml:3:6 false"));
        assert_eq!(word("spec.b.c").as_deref(), Some("f.yaml:4:11 On"));
        assert_eq!(word("spec.b.d").as_deref(), Some("f.yaml:4:18 off"));
        assert_eq!(word("spec.ü").as_deref(), Some("f.yaml:11:6 j"));
        for other in ["spec.b", "spec.e", "spec.g", "spec.h", "spec.i", "spec.z", "spec.a.x"] {
            assert_eq!(word(other), None, "{other}");
        }
    }

    #[test]
    fn anchors_and_merges_are_told_where_they_are_used() {
        let text = "kind: A\nbase: &base {x: 1}\nspec:\n  <<: *base\n  y: *base\n";
        assert_eq!(place(text, 1, 1, "spec.y"), "f.yaml:5:3");
        assert!(["f.yaml:4:3", "f.yaml:4:7"].contains(&place(text, 1, 1, "spec.x").as_str()), "{}", place(text, 1, 1, "spec.x"));
    }
}
