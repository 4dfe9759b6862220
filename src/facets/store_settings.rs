//! The store itself: what CreateEventDataStore and UpdateEventDataStore set, except the selectors.

use super::observed::Seen;
use super::organization_access::to_act_for_the_organization;
use super::read::{LakeRead, Read};
use super::rights::Rights;
use super::step::{LakeStep, Step};
use super::store::{StoreContext, StoreFacts, changeable};
use super::store_selectors::selectors;
use super::store_tags::StoreTags;
use super::tags::{Tags, with_owner};
use super::{Change, Facet, Resource, Source};
use crate::api::event_data_store::{BillingMode, Ingestion};
use serde::{Deserialize, Serialize};

/// Settings of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StoreState {
    pub name: String,
    pub multi_region: bool,
    pub organization: bool,
    pub retention_days: i32,
    /// As the spec writes it.
    pub billing_mode: String,
    pub termination_protection: bool,
    /// Key ARN, empty for none: AWS reads back nothing else.
    pub kms_key: String,
    /// Somebody deleted it; AWS keeps it for seven days.
    pub pending_deletion: bool,
}

pub struct StoreSettings(pub StoreContext);

impl StoreSettings {
    pub const NOUN: &'static str = "event data store";
}

pub fn billing_word(mode: BillingMode) -> &'static str {
    match mode {
        BillingMode::Extendable => "Extendable",
        BillingMode::Fixed => "Fixed",
    }
}

impl Facet for StoreSettings {
    const NAME: &'static str = "settings";
    type State = StoreState;

    fn source(&self, _seen: &Seen) -> Source {
        let StoreContext { name, known, owner, .. } = &self.0;
        Source::Ask(Read::Lake(LakeRead::Store { name: name.clone(), known: known.clone(), owner: owner.clone() }))
    }

    fn desired(&self, observed: Option<&StoreState>, _seen: &Seen) -> StoreState {
        // It can only be restored; what else is to change follows then.
        if let Some(deleted) = observed.filter(|observed| observed.pending_deletion) {
            return StoreState { pending_deletion: false, ..deleted.clone() };
        }
        let spec = &self.0.spec;
        StoreState {
            name: self.0.name.clone(),
            multi_region: spec.multi_region,
            organization: spec.organization,
            retention_days: spec.retention(),
            billing_mode: billing_word(spec.billing_mode).to_owned(),
            termination_protection: spec.termination_protection,
            kms_key: spec.kms_key_arn.clone().unwrap_or_default(),
            pending_deletion: false,
        }
    }

    fn steps(&self, change: &Change<'_, StoreState>) -> Vec<Step> {
        let Some(observed) = change.observed else {
            return vec![Step::Lake(LakeStep::CreateEventDataStore {
                name: self.0.name.clone(),
                settings: change.desired.clone(),
                selectors: selectors(&self.0.spec),
                start_ingestion: self.0.spec.ingestion == Ingestion::Enabled,
                tags: with_owner(&self.0.spec.tags, &self.0.owner, false),
            })];
        };
        if observed.pending_deletion {
            return StoreFacts::of(change.seen)
                .map(|facts| Step::Lake(LakeStep::RestoreEventDataStore { store: facts.arn }))
                .into_iter()
                .collect();
        }
        let Some(store) = changeable(change.seen) else { return Vec::new() };
        let changed = |difference: &super::Difference| difference.path.strip_prefix("settings.").map(str::to_owned);
        // AWS changes or removes no key, and makes no billing mode Fixed.
        let possible = |field: &String| match field.as_str() {
            "kmsKey" => observed.kms_key.is_empty(),
            "billingMode" => change.desired.billing_mode == billing_word(BillingMode::Extendable),
            _ => true,
        };
        let fields: Vec<String> = change.differences.iter().filter_map(changed).filter(possible).collect();
        if fields.is_empty() {
            return Vec::new();
        }
        vec![Step::Lake(LakeStep::UpdateEventDataStore { store, settings: change.desired.clone(), fields })]
    }

    fn reason(&self, change: &Change<'_, StoreState>) -> String {
        match change.observed {
            None => "the event data store does not exist".to_owned(),
            Some(observed) if observed.pending_deletion => "the event data store is pending deletion".to_owned(),
            Some(_) => super::summary(Self::NAME, false, change.differences),
        }
    }

    fn rights(&self) -> Rights {
        let store = self.0.arn_pattern();
        let protected = self.0.spec.termination_protection;
        let mut rights = Rights::on(
            &store,
            &["cloudtrail:GetEventDataStore"],
            &[
                "cloudtrail:CreateEventDataStore",
                "cloudtrail:UpdateEventDataStore",
                "cloudtrail:RestoreEventDataStore",
                "cloudtrail:AddTags",
            ],
        )
        .reading("*", &["cloudtrail:ListEventDataStores"]);
        if !protected {
            rights = rights.deleting(&store, &["cloudtrail:DeleteEventDataStore"]);
        }
        if let Some(key) = &self.0.spec.kms_key_arn {
            rights = rights.writing(key, &["kms:GenerateDataKey", "kms:Decrypt"]);
        }
        if self.0.spec.organization {
            rights.write.extend(to_act_for_the_organization(&self.0.account).write);
        }
        rights
    }
}

impl Resource for StoreSettings {
    fn noun(&self) -> &'static str {
        Self::NOUN
    }
    fn id(&self) -> String {
        self.0.name.clone()
    }
    fn root(&self) -> &'static str {
        Self::NAME
    }
    fn tags(&self) -> &'static str {
        StoreTags::NAME
    }
    fn claim(&self, seen: &Seen, marks: Tags) -> Option<Step> {
        Some(Step::Lake(LakeStep::AddTags { store: StoreFacts::of(seen).unwrap_or_default().arn, tags: marks }))
    }
    // A store that is pending deletion takes no tags before it is restored.
    fn claimed_after_repair(&self, seen: &Seen) -> bool {
        StoreFacts::of(seen).is_some_and(|facts| facts.is_pending_deletion())
    }
    fn delete(&self, seen: &Seen) -> Vec<Step> {
        let Some(facts) = StoreFacts::of(seen).filter(|facts| !facts.is_pending_deletion()) else { return Vec::new() };
        let Some(observed) = seen.state::<StoreState>(Self::NAME) else { return Vec::new() };
        let store = facts.arn;
        let mut steps = Vec::new();
        if observed.termination_protection {
            let settings = StoreState { termination_protection: false, ..observed };
            let fields = vec!["terminationProtection".to_owned()];
            steps.push(LakeStep::UpdateEventDataStore { store: store.clone(), settings, fields });
        }
        if facts.federation == "ENABLED" {
            steps.push(LakeStep::DisableFederation { store: store.clone() });
        }
        steps.push(LakeStep::DeleteEventDataStore { store });
        steps.into_iter().map(Step::Lake).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::AnyFacet;
    use super::super::difference::Ignore;
    use super::super::observed::{Observed, Reading};
    use super::super::store_federation::StoreFederation;
    use super::super::store_import::StoreImport;
    use super::super::store_ingestion::StoreIngestion;
    use super::*;
    use crate::api::EventDataStoreSpec;
    use crate::api::aws_account::Partition;
    use crate::facets::context::AccountFacts;

    fn context(spec: &str) -> StoreContext {
        let spec: EventDataStoreSpec = serde_saphyr::from_str(&format!("{{accountRef: {{name: x}}, region: eu-west-1{spec}}}")).unwrap();
        let account = AccountFacts { id: "111111111111".into(), partition: Partition::Aws, organization: None, regions: Vec::new() };
        let (owner, owned_before) = ("i/ns/events".to_owned(), vec![StoreSettings::NOUN.to_owned()]);
        StoreContext { name: "events".into(), spec, account, owner, owned_before, known: None, imported: None }
    }

    /// A store as `context` asks for it, but for what `change` does to it, in the state `aws`.
    fn seen(context: &StoreContext, aws: &str, change: impl FnOnce(&mut StoreState)) -> Seen {
        let mut state = StoreSettings(context.clone()).desired(None, &Seen::default());
        state.pending_deletion = aws == "PENDING_DELETION";
        change(&mut state);
        let facts = StoreFacts { arn: "arn".into(), state: aws.into(), federation: "DISABLED".into(), ..StoreFacts::default() };
        let mut seen = Seen::default();
        seen.insert("settings", Observed::Present(Reading::new(&state, &facts)));
        seen
    }

    /// The paths that differ, and the actions that follow.
    fn judged(facet: &dyn AnyFacet, seen: &Seen) -> (Vec<String>, Vec<&'static str>) {
        let mut seen = seen.clone();
        if facet.name() != "settings" {
            let Source::Inferred(answer) = facet.source(&seen) else { panic!("{} asks AWS", facet.name()) };
            seen.insert(facet.name(), answer);
        }
        let evaluation = facet.evaluate(&seen, &Ignore::default());
        let paths = evaluation.differences.into_iter().map(|difference| difference.path).collect();
        (paths, evaluation.steps.iter().map(|planned| planned.step.action()).collect())
    }

    #[test]
    fn a_settled_store_is_updated_and_one_on_its_way_waits() {
        let context = context("");
        let facet = StoreSettings(context.clone());
        let other = |state: &mut StoreState| state.retention_days = 30;
        assert_eq!(judged(&facet, &seen(&context, "ENABLED", other)).1, ["UpdateEventDataStore"]);
        for aws in ["CREATED", "STARTING_INGESTION", "STOPPING_INGESTION"] {
            let (paths, actions) = judged(&facet, &seen(&context, aws, other));
            assert_eq!((paths, actions), (vec!["settings.retentionDays".to_owned()], vec![]), "{aws}");
        }
    }

    #[test]
    fn a_deleted_store_is_restored_before_anything_else() {
        let context = context(", ingestion: Stopped, federation: {roleArn: role}");
        let deleted = seen(&context, "PENDING_DELETION", |state| state.termination_protection = false);
        let restored = (vec!["settings.pendingDeletion".to_owned()], vec!["RestoreEventDataStore"]);
        assert_eq!(judged(&StoreSettings(context.clone()), &deleted), restored);
        let nothing = (vec![], vec![]);
        assert_eq!(judged(&StoreTags(context.clone()), &deleted), nothing);
        assert_eq!(judged(&StoreIngestion(context.clone()), &deleted), nothing);
        assert_eq!(judged(&StoreFederation(context), &deleted), nothing);
    }

    #[test]
    fn whose_a_deleted_store_was_is_known_only_if_it_was_ours() {
        let ours = context("");
        let strangers = StoreContext { owned_before: Vec::new(), ..ours.clone() };
        for (context, is_ours) in [(ours, true), (strangers, false)] {
            let deleted = seen(&context, "PENDING_DELETION", |_| {});
            let Source::Inferred(Observed::Present(reading)) = AnyFacet::source(&StoreTags(context.clone()), &deleted) else { panic!() };
            assert_eq!(reading.facts["owner"] == context.owner.as_str(), is_ours);
        }
    }

    #[test]
    fn what_aws_cannot_change_is_told_and_not_tried() {
        let keyed = context(", kmsKeyArn: mine");
        let facet = StoreSettings(keyed.clone());
        let (paths, actions) = judged(&facet, &seen(&keyed, "ENABLED", |state| state.kms_key = "other".into()));
        assert_eq!((paths, actions), (vec!["settings.kmsKey".to_owned()], vec![]));
        assert_eq!(judged(&facet, &seen(&keyed, "ENABLED", |state| state.kms_key = String::new())).1, ["UpdateEventDataStore"]);
        let fixed = context(", billingMode: Fixed");
        assert_eq!(
            judged(&StoreSettings(fixed.clone()), &seen(&fixed, "ENABLED", |state| state.billing_mode = "Extendable".into())).1,
            [""; 0]
        );
    }

    #[test]
    fn a_switch_on_its_way_is_as_declared_and_one_on_the_wrong_way_is_waited_for() {
        // (spec, AWS's state, differs, actions)
        let table: [(&str, &str, bool, &[&str]); 8] = [
            ("Enabled", "ENABLED", false, &[]),
            ("Enabled", "STARTING_INGESTION", false, &[]),
            ("Enabled", "STOPPING_INGESTION", true, &[]),
            ("Enabled", "STOPPED_INGESTION", true, &["StartEventDataStoreIngestion"]),
            ("Stopped", "STOPPED_INGESTION", false, &[]),
            ("Stopped", "STOPPING_INGESTION", false, &[]),
            ("Stopped", "CREATED", true, &[]),
            ("Stopped", "ENABLED", true, &["StopEventDataStoreIngestion"]),
        ];
        for (wanted, aws, differs, expected) in table {
            let context = context(&format!(", ingestion: {wanted}"));
            let (paths, actions) = judged(&StoreIngestion(context.clone()), &seen(&context, aws, |_| {}));
            assert_eq!((!paths.is_empty(), actions.as_slice()), (differs, expected), "{wanted}: {aws}");
        }
    }

    #[test]
    fn an_import_that_is_over_is_not_asked_for_again() {
        let import = "{s3Uri: s3://logs/, roleArn: role}";
        let mut context = context(&format!(", import: {import}"));
        let facet = |context: &StoreContext| StoreImport { context: context.clone(), import: context.spec.import.clone().unwrap() };
        let wanted = facet(&context).desired(None, &Seen::default());
        assert_eq!(wanted.bucket_region, "eu-west-1");
        let found = seen(&context, "ENABLED", |_| {});
        assert!(matches!(AnyFacet::source(&facet(&context), &found), Source::Ask(_)));
        for (state, store_arn, over) in
            [("COMPLETED", "arn", true), ("FAILED", "arn", true), ("IN_PROGRESS", "arn", false), ("COMPLETED", "another", false)]
        {
            context.imported = Some(crate::api::event_data_store::ImportStatus {
                id: "1".into(),
                state: state.into(),
                store_arn: store_arn.into(),
                asked: wanted.fingerprint(),
            });
            assert_eq!(matches!(AnyFacet::source(&facet(&context), &found), Source::Inferred(_)), over, "{state} in {store_arn}");
        }
    }
}
