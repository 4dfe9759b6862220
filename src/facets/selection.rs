//! Whether a trail's selectors take all events of one sort, some of them, or none: decided over all selectors together, so that
//! one for reads and one for writes, or one for a bucket and one for all the others, are seen to make a whole.
//!
//! Meaning of the operators: CloudTrail API Reference, `AdvancedFieldSelector`. Within a field those that select are or'd and
//! those that deselect and'd; fields of a selector are and'd; selectors are or'd.

use super::trail_events::{EventsState, Meaning};

/// How a condition compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Equals,
    StartsWith,
    EndsWith,
}

/// Strings of which a field must be one, or must be none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Among {
    patterns: Vec<(Operator, String)>,
    negated: bool,
}

impl Among {
    fn holds(&self, text: &str) -> bool {
        let fits = |(operator, value): &(Operator, String)| match operator {
            Operator::Equals => text == value,
            Operator::StartsWith => text.starts_with(value.as_str()),
            Operator::EndsWith => text.ends_with(value.as_str()),
        };
        self.patterns.iter().any(fits) != self.negated
    }

    fn opposite(&self) -> Self {
        Self { patterns: self.patterns.clone(), negated: !self.negated }
    }
}

/// Events by what their fields must be. All must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Region(Vec<(String, Among)>);

/// Occurs in no field of an event.
const FRESH: &str = "\u{1}";

impl Region {
    fn and(&self, field: &str, among: Among) -> Self {
        let mut narrower = self.clone();
        narrower.0.push((field.to_owned(), among));
        narrower
    }

    /// Whether no event can be in it. Fields do not depend on each other, so each is looked at by itself.
    fn is_empty(&self) -> bool {
        self.0.iter().any(|(field, _)| {
            let of_field: Vec<&Among> = self.0.iter().filter(|(other, _)| other == field).map(|(_, among)| among).collect();
            !samples(&of_field).iter().any(|text| of_field.iter().all(|among| among.holds(text)))
        })
    }
}

/// Texts that stand for all: two texts that no pattern tells apart are as good as one.
fn samples(conditions: &[&Among]) -> Vec<String> {
    let values = |wanted: Operator| {
        let patterns = conditions.iter().flat_map(|among| &among.patterns);
        patterns.filter(move |(operator, _)| *operator == wanted).map(|(_, value)| value.as_str())
    };
    let ends: Vec<&str> = values(Operator::EndsWith).chain([""]).collect();
    let starts = values(Operator::StartsWith).chain([""]);
    let made = starts.flat_map(|start| ends.iter().map(move |end| format!("{start}{FRESH}{end}")));
    values(Operator::Equals).map(str::to_owned).chain(made).collect()
}

/// How much of a sort of events is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    Nothing,
    Part,
    All,
}

/// Fields that are true or false and nothing else.
const BOOLEANS: [&str; 2] = ["readOnly", "sessionCredentialFromConsole"];

/// A sort of events: their category, and what their fields may be.
#[derive(Clone, Debug)]
pub struct Sort(Region);

impl Sort {
    /// All events of a category: Management, Data or NetworkActivity.
    pub fn of(category: &str) -> Self {
        let either = ["true", "false"].map(|value| (Operator::Equals, value.to_owned())).to_vec();
        let either = Among { patterns: either, negated: false };
        let region = BOOLEANS.iter().fold(Region::default(), |region, field| region.and(field, either.clone()));
        Self(region).being("eventCategory", category)
    }

    /// Data events of a resource type.
    pub fn data(resource_type: &str) -> Self {
        Self::of("Data").being("resources.type", resource_type)
    }

    pub fn reads(self) -> Self {
        self.being("readOnly", "true")
    }

    pub fn writes(self) -> Self {
        self.being("readOnly", "false")
    }

    pub fn being(self, field: &str, value: &str) -> Self {
        self.narrowed(field, Operator::Equals, value, false)
    }

    pub fn starting(self, field: &str, value: &str) -> Self {
        self.narrowed(field, Operator::StartsWith, value, false)
    }

    pub fn not_being(self, field: &str, value: &str) -> Self {
        self.narrowed(field, Operator::Equals, value, true)
    }

    pub fn not_starting(self, field: &str, value: &str) -> Self {
        self.narrowed(field, Operator::StartsWith, value, true)
    }

    fn narrowed(self, field: &str, operator: Operator, value: &str, negated: bool) -> Self {
        Self(self.0.and(field, Among { patterns: vec![(operator, value.to_owned())], negated }))
    }
}

/// Steps of the search for an event that is left out. Selectors beyond that are not said to make a whole.
const MOST_STEPS: u32 = 5_000;

impl EventsState {
    /// How much of these events the selectors take.
    pub fn extent(&self, sort: &Sort) -> Extent {
        let taken: Vec<Region> = self.selectors.iter().map(region).collect();
        let meets = |selector: &&Region| !Region(sort.0.0.iter().chain(&selector.0).cloned().collect()).is_empty();
        let meeting: Vec<&Region> = taken.iter().filter(meets).collect();
        let mut steps = MOST_STEPS;
        if meeting.is_empty() {
            Extent::Nothing
        } else if leaves_out(&sort.0, &meeting, &mut steps) {
            Extent::Part
        } else {
            Extent::All
        }
    }

    /// The resource types of the data events that are recorded.
    pub fn resource_types(&self) -> std::collections::BTreeSet<String> {
        let values = |meaning| region(meaning).0.into_iter().filter(|(field, among)| field == "resources.type" && !among.negated);
        self.selectors.iter().flat_map(values).flat_map(|(_, among)| among.patterns).map(|(_, value)| value).collect()
    }
}

/// Whether some event of `region` is taken by none of the selectors.
fn leaves_out(region: &Region, selectors: &[&Region], steps: &mut u32) -> bool {
    let Some(left) = steps.checked_sub(1) else { return true };
    *steps = left;
    if region.is_empty() {
        return false;
    }
    let Some((first, rest)) = selectors.split_first() else { return true };
    let mut within = region.clone();
    for (field, among) in &first.0 {
        if leaves_out(&within.and(field, among.opposite()), rest, steps) {
            return true;
        }
        within = within.and(field, among.clone());
    }
    false
}

/// What one selector takes, from its conditions in words.
fn region(meaning: &Meaning) -> Region {
    let mut region = Region::default();
    for (field, operator, negated, values) in conditions(&meaning.records) {
        let patterns: Vec<_> = values.split(", ").map(|value| (operator, value.to_owned())).collect();
        // What selects is or'd within a field.
        match region.0.iter_mut().find(|(other, among)| *other == field && !among.negated && !negated) {
            Some((_, among)) => among.patterns.extend(patterns),
            None => region.0.push((field.to_owned(), Among { patterns, negated })),
        }
    }
    region
}

/// `FIELD OPERATOR VALUES and ...`. A value may hold ` and `: only what goes on as a condition begins one. A value that holds a
/// comma and a space is taken for two.
fn conditions(records: &str) -> Vec<(&str, Operator, bool, &str)> {
    let mut found: Vec<(&str, Operator, bool, &str)> = Vec::new();
    let mut rest = records;
    while let Some((field, operator, negated, values)) = condition(rest) {
        let next =
            values.match_indices(" and ").map(|(at, and)| (at, at + and.len())).find(|(_, after)| condition(&values[*after..]).is_some());
        let (end, after) = next.unwrap_or((values.len(), values.len()));
        found.push((field, operator, negated, &values[..end]));
        rest = &values[after..];
    }
    found
}

fn condition(text: &str) -> Option<(&str, Operator, bool, &str)> {
    let (field, rest) = text.split_once(' ')?;
    let (word, values) = rest.split_once(' ')?;
    let (operator, negated) = match word {
        "equals" => (Operator::Equals, false),
        "notEquals" => (Operator::Equals, true),
        "startsWith" => (Operator::StartsWith, false),
        "notStartsWith" => (Operator::StartsWith, true),
        "endsWith" => (Operator::EndsWith, false),
        "notEndsWith" => (Operator::EndsWith, true),
        _ => return None,
    };
    Some((field, operator, negated, values))
}

#[cfg(test)]
mod tests {
    use super::super::trail_events::{compile, meaning_of};
    use super::*;
    use proptest::prelude::*;

    fn events(yaml: &str) -> EventsState {
        meaning_of(&compile(&serde_saphyr::from_str(yaml).unwrap()))
    }

    fn advanced(selectors: &str) -> String {
        format!("advanced: [{selectors}]")
    }

    const S3: &str = "{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ['AWS::S3::Object']}";

    #[test]
    fn management_events_by_table() {
        use Extent::{All, Nothing, Part};
        // Reads, writes, and events of KMS.
        let table = [
            ("{}", [All, All, All]),
            ("management: {readWrite: WriteOnly}", [Nothing, All, Part]),
            ("management: {excludeKms: true}", [Part, Part, Nothing]),
            ("basic: [{readWriteType: ReadOnly}, {readWriteType: WriteOnly}]", [All, All, All]),
            ("basic: [{excludeManagementEventSources: [kms.amazonaws.com]}, {readWriteType: WriteOnly}]", [Part, All, Part]),
            ("{management: {enabled: false}, data: [{resourceType: 'AWS::S3::Object'}]}", [Nothing, Nothing, Nothing]),
        ];
        for (yaml, expected) in table {
            let state = events(yaml);
            let of = |sort: Sort| state.extent(&sort);
            let management = || Sort::of("Management");
            let found = [of(management().reads()), of(management().writes()), of(management().being("eventSource", "kms.amazonaws.com"))];
            assert_eq!(found, expected, "{yaml}");
        }
    }

    #[test]
    fn data_events_by_table() {
        use Extent::{All, Nothing, Part};
        let arn = |operator: &str, value: &str| format!("{{field: resources.ARN, {operator}: ['{value}']}}");
        let reads = "{field: readOnly, equals: ['true']}";
        let writes = "{field: readOnly, equals: ['false']}";
        let one = |more: &str| format!("{{fieldSelectors: [{S3}{}{more}]}}", if more.is_empty() { "" } else { ", " });
        let a = arn("startsWith", "arn:aws:s3:::a/");
        let not_a = arn("notStartsWith", "arn:aws:s3:::a/");
        // Reads, writes of S3 objects.
        let table: Vec<(String, [Extent; 2])> = vec![
            ("{}".into(), [Nothing, Nothing]),
            ("basic: [{dataResources: [{type: 'AWS::S3::Object', values: ['arn:aws:s3']}]}]".into(), [All, All]),
            (
                "basic: [{readWriteType: WriteOnly, dataResources: [{type: 'AWS::S3::Object', values: ['arn:aws:s3:::']}]}]".into(),
                [Nothing, All],
            ),
            ("basic: [{dataResources: [{type: 'AWS::S3::Object', values: ['arn:aws:s3:::a/']}]}]".into(), [Part, Part]),
            ("basic: [{dataResources: [{type: 'AWS::Lambda::Function', values: ['arn:aws:lambda']}]}]".into(), [Nothing, Nothing]),
            (advanced(&one("")), [All, All]),
            (advanced(&one(&arn("startsWith", "arn:aws:s3:::"))), [All, All]),
            (advanced(&one(reads)), [All, Nothing]),
            (advanced(&format!("{}, {}", one(reads), one(writes))), [All, All]),
            (advanced(&one(&a)), [Part, Part]),
            (advanced(&one(&not_a)), [Part, Part]),
            (advanced(&format!("{}, {}", one(&a), one(&not_a))), [All, All]),
            // All writes, and reads of one bucket only.
            (advanced(&format!("{}, {}", one(&format!("{writes}, {not_a}")), one(&a))), [Part, All]),
            (advanced(&one("{field: eventName, equals: [GetObject]}")), [Part, Part]),
            (
                advanced(&format!(
                    "{}, {}",
                    one("{field: sessionCredentialFromConsole, equals: ['true']}"),
                    one("{field: sessionCredentialFromConsole, equals: ['false']}")
                )),
                [All, All],
            ),
            // Within a field, what selects is or'd.
            (advanced(&one("{field: resources.ARN, startsWith: ['arn:aws:s3:::'], endsWith: [.txt]}")), [All, All]),
            (advanced(&one("{field: resources.ARN, endsWith: [.txt], notStartsWith: ['arn:aws:s3:::a/']}")), [Part, Part]),
            (advanced(&one("{field: userIdentity.arn, notEndsWith: [robot]}")), [Part, Part]),
        ];
        for (yaml, expected) in table {
            let state = events(&yaml);
            let objects = || Sort::data("AWS::S3::Object").starting("resources.ARN", "arn:aws:s3:::");
            assert_eq!([state.extent(&objects().reads()), state.extent(&objects().writes())], expected, "{yaml}");
        }
    }

    #[test]
    fn what_a_sort_leaves_out_may_be_left_out() {
        let state = events("data: [{resourceType: 'AWS::S3::Object', excludeArnPrefixes: ['arn:aws:s3:::logs/']}]");
        let but = |prefix: &str| state.extent(&Sort::data("AWS::S3::Object").not_starting("resources.ARN", prefix));
        assert_eq!(but("arn:aws:s3:::logs/"), Extent::All);
        assert_eq!(but("arn:aws:s3:::logs/2026"), Extent::Part);
    }

    #[test]
    fn a_value_may_hold_words_of_the_form() {
        let state = events("data: [{resourceType: 'AWS::S3::Object', arnPrefixes: ['arn:aws:s3:::b/this and that']}]");
        let at = |arn: &str| state.extent(&Sort::data("AWS::S3::Object").starting("resources.ARN", arn));
        assert_eq!(at("arn:aws:s3:::b/this and that/2026"), Extent::All);
        assert_eq!(at("arn:aws:s3:::b/"), Extent::Part);
        assert_eq!(at("arn:aws:s3:::c"), Extent::Nothing);
        assert_eq!(state.resource_types().into_iter().collect::<Vec<_>>(), ["AWS::S3::Object"]);
    }

    #[test]
    fn five_hundred_buckets_are_judged_and_are_not_all() {
        let selector = |at: usize| {
            format!(
                "{{fieldSelectors: [{S3}, {{field: resources.ARN, startsWith: ['arn:aws:s3:::b{at}/']}}, {{field: eventName, equals: [GetObject]}}]}}"
            )
        };
        let state = events(&advanced(&(0..100).map(selector).collect::<Vec<_>>().join(", ")));
        assert_eq!(state.extent(&Sort::data("AWS::S3::Object").reads()), Extent::Part);
    }

    /// A random selector of S3 objects.
    fn selector() -> impl Strategy<Value = String> {
        let value = prop::sample::select(vec!["a", "ab", "b", "ba", ""]).prop_map(|tail| format!("arn:{tail}"));
        let operator = prop::sample::select(vec!["equals", "notEquals", "startsWith", "notStartsWith", "endsWith", "notEndsWith"]);
        let arn = prop::option::of((operator, value)).prop_map(|found| match found {
            Some((operator, value)) => format!(", {{field: resources.ARN, {operator}: ['{value}']}}"),
            None => String::new(),
        });
        let read = prop::option::of(any::<bool>())
            .prop_map(|found| found.map(|only| format!(", {{field: readOnly, equals: ['{only}']}}")).unwrap_or_default());
        (arn, read).prop_map(|(arn, read)| format!("{{fieldSelectors: [{S3}{arn}{read}]}}"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// The verdict is that of trying every event of a small world.
        #[test]
        fn extent_is_that_of_trying_every_event(selectors in prop::collection::vec(selector(), 1..4), arns in prop::collection::vec("arn:[abc]{0,3}", 40)) {
            let state = events(&advanced(&selectors.join(", ")));
            for reads in [true, false] {
                let sort = || if reads { Sort::data("AWS::S3::Object").reads() } else { Sort::data("AWS::S3::Object").writes() };
                let taken: Vec<bool> = arns.iter().map(|arn| state.extent(&sort().being("resources.ARN", arn)) == Extent::All).collect();
                match state.extent(&sort()) {
                    Extent::All => prop_assert!(taken.iter().all(|taken| *taken)),
                    Extent::Nothing => prop_assert!(taken.iter().all(|taken| !taken)),
                    Extent::Part => {}
                }
            }
        }
    }
}
