//! The store itself: what CreateEventDataStore and UpdateEventDataStore set, except the selectors.

use super::observed::Seen;
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
            rights = rights.writing(key, &["kms:DescribeKey", "kms:GenerateDataKey", "kms:Decrypt"]);
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
    fn claim(&self, seen: &Seen, marks: Tags) -> Step {
        Step::Lake(LakeStep::AddTags { store: StoreFacts::of(seen).unwrap_or_default().arn, tags: marks })
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
