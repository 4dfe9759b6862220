//! The facets of each kind, in the order in which they are read and written.
//!
//! Order: key, bucket, public-access block, bucket policy; trail, selectors, Insights, aggregation, logging (design.md, decision 2).

use super::context::{ArchiveContext, TrailContext};
use super::store::StoreContext;
use super::topic::TopicPurpose;
use super::*;
use crate::api::event_data_store::EventCategory;

/// What the engine works on: facets in order, and the resources that they belong to.
pub struct Registered {
    pub facets: Vec<Box<dyn AnyFacet>>,
    pub resources: Vec<Box<dyn Resource>>,
}

/// The facets of a Trail.
pub fn trail(context: &TrailContext) -> Registered {
    let mut facets: Vec<Box<dyn AnyFacet>> = Vec::new();
    let mut resources: Vec<Box<dyn Resource>> = Vec::new();
    if organization_access::OrganizationAccess::concerns(context) {
        facets.push(Box::new(organization_access::OrganizationAccess(context.clone())));
    }
    if let (Some(group), Some(resource)) = (log_group::LogGroup::of(context), log_group::LogGroup::of(context)) {
        facets.push(Box::new(group));
        resources.push(Box::new(resource));
    }
    if let (Some(role), Some(resource)) = (log_role::log_role(context), log_role::log_role(context)) {
        facets.push(Box::new(role));
        resources.push(Box::new(resource));
    }
    if let (Some(topic), Some(resource)) = (notice_topic::notice_topic(context), notice_topic::notice_topic(context)) {
        facets.push(Box::new(topic));
        resources.push(Box::new(resource));
    }
    if let Some(key) = delivery_key::DeliveryKey::of(context) {
        facets.push(Box::new(key));
    }
    facets.push(Box::new(trail_settings::Settings(context.clone())));
    facets.push(Box::new(trail_tags::TrailTags(context.clone())));
    let (aggregation, unwanted) = (aggregation::Aggregation(context.clone()), aggregation::Aggregation(context.clone()));
    if !unwanted.is_asked_for() {
        facets.push(Box::new(unwanted));
    }
    facets.push(Box::new(trail_events::TrailEvents(context.clone())));
    facets.push(Box::new(insights::Insights(context.clone())));
    if aggregation.is_asked_for() {
        facets.push(Box::new(aggregation));
    }
    facets.push(Box::new(trail_logging::Logging(context.clone())));
    resources.push(Box::new(trail_settings::Settings(context.clone())));
    alarms(context, &mut facets, &mut resources);
    responses(context, &mut facets, &mut resources);
    Registered { facets, resources }
}

/// Permissions and the role before the rules that need them.
fn responses(context: &TrailContext, facets: &mut Vec<Box<dyn AnyFacet>>, resources: &mut Vec<Box<dyn Resource>>) {
    let rules = || responses::Responses(context.clone());
    if context.spec.responses.is_empty() && !context.owned_before.iter().any(|owned| owned == rules().noun()) {
        return;
    }
    facets.push(Box::new(response_targets::ResponseTargets(context.clone())));
    if let (Some(role), Some(again)) = (response_role::role(context), response_role::role(context)) {
        facets.push(Box::new(role));
        resources.push(Box::new(again));
    }
    facets.push(Box::new(rules()));
    resources.push(Box::new(rules()));
}

/// The facets of an EventDataStore.
pub fn event_data_store(context: &StoreContext) -> Registered {
    let mut facets: Vec<Box<dyn AnyFacet>> = vec![
        Box::new(store_settings::StoreSettings(context.clone())),
        Box::new(store_tags::StoreTags(context.clone())),
        Box::new(store_selectors::StoreSelectors(context.clone())),
        Box::new(store_federation::StoreFederation(context.clone())),
    ];
    if context.spec.event_category == EventCategory::CloudTrail {
        facets.push(Box::new(store_insights::StoreInsights(context.clone())));
    }
    if let Some(import) = context.spec.import.clone() {
        facets.push(Box::new(store_import::StoreImport { context: context.clone(), import }));
    }
    // Last: a store whose switch is turning takes nothing else.
    facets.push(Box::new(store_ingestion::StoreIngestion(context.clone())));
    Registered { facets, resources: vec![Box::new(store_settings::StoreSettings(context.clone()))] }
}

/// Filters, topic, alarms: an alarm needs both others. Those that an earlier spec asked for are to go.
fn alarms(context: &TrailContext, facets: &mut Vec<Box<dyn AnyFacet>>, resources: &mut Vec<Box<dyn Resource>>) {
    let owned_before = |noun: &str| context.owned_before.iter().any(|owned| owned == noun);
    let asked_for = context.spec.alarms.is_some();
    if asked_for || owned_before(metric_filters::MetricFilters::NOUN) {
        facets.push(Box::new(metric_filters::MetricFilters(context.clone())));
        facets.push(Box::new(metric_filters::FormerMetricFilters(context.clone())));
        resources.push(Box::new(metric_filters::MetricFilters(context.clone())));
    }
    if let (Some(topic), Some(resource)) = (alarm_topic::own(context), alarm_topic::own(context)) {
        facets.push(Box::new(topic));
        resources.push(Box::new(resource));
    }
    if let Some(topic) = alarm_topic::GivenTopic::of(context) {
        facets.push(Box::new(topic));
    }
    if asked_for || owned_before(alarms::MetricAlarms::NOUN) {
        facets.push(Box::new(alarms::MetricAlarms(context.clone())));
        resources.push(Box::new(alarms::MetricAlarms(context.clone())));
    }
}

/// The facets of a LogArchive.
pub fn log_archive(context: &ArchiveContext) -> Registered {
    let mut facets: Vec<Box<dyn AnyFacet>> = Vec::new();
    let mut resources: Vec<Box<dyn Resource>> = Vec::new();
    if context.key_alias().is_some() {
        facets.push(Box::new(key::Key(context.clone())));
        facets.push(Box::new(key_alias::KeyAlias(context.clone())));
        facets.push(Box::new(key_policy::KeyPolicy(context.clone())));
        facets.push(Box::new(key_rotation::KeyRotation(context.clone())));
        facets.push(Box::new(key_tags::KeyTags(context.clone())));
        resources.push(Box::new(key::Key(context.clone())));
    }
    facets.push(Box::new(bucket::Bucket(context.clone())));
    facets.push(Box::new(bucket_ownership::BucketOwnership(context.clone())));
    facets.push(Box::new(bucket_public_access::BucketPublicAccess(context.clone())));
    facets.push(Box::new(bucket_policy::BucketPolicy(context.clone())));
    facets.push(Box::new(bucket_versioning::BucketVersioning(context.clone())));
    facets.push(Box::new(object_lock::BucketObjectLock(context.clone())));
    facets.push(Box::new(bucket_encryption::BucketEncryption(context.clone())));
    facets.push(Box::new(request_payment::RequestPayment(context.clone())));
    facets.push(Box::new(bucket_tags::BucketTags(context.clone())));
    facets.push(Box::new(lifecycle::Lifecycle(context.clone())));
    facets.push(Box::new(access_logging::BucketAccessLogging(context.clone())));
    facets.push(Box::new(replication::BucketReplication(context.clone())));
    resources.push(Box::new(bucket::Bucket(context.clone())));
    new_file_notices(context, &mut facets, &mut resources);
    if reader_roles::ReaderRoles::concern(context) {
        facets.push(Box::new(reader_roles::ReaderRoles(context.clone())));
        resources.push(Box::new(reader_roles::ReaderRoles(context.clone())));
    }
    if let Some(place) = analysis::Place::of(context) {
        facets.push(Box::new(analysis::workgroup::Workgroup(place.clone())));
        facets.push(Box::new(analysis::database::Database(place.clone())));
        facets.push(Box::new(analysis::table::Table(place.clone())));
        facets.push(Box::new(analysis::queries::Queries(place.clone())));
        resources.push(Box::new(analysis::workgroup::Workgroup(place.clone())));
        resources.push(Box::new(analysis::database::Database(place)));
    }
    Registered { facets, resources }
}

/// The chain from the bucket to the queue, each link after what it needs: S3 asks the topic before it takes a notification. One
/// that the spec has dropped leaves queue and topic, and takes the notification away.
fn new_file_notices(context: &ArchiveContext, facets: &mut Vec<Box<dyn AnyFacet>>, resources: &mut Vec<Box<dyn Resource>>) {
    let Some(chain) = new_files::Chain::of(context) else {
        if context.owned_before.iter().any(|owned| owned == new_files::NewFileTopic::NOUN) {
            facets.push(Box::new(new_file_notification::NewFileNotification(context.clone())));
        }
        return;
    };
    facets.push(Box::new(chain.dead_letters(context)));
    facets.push(Box::new(chain.queue(context)));
    facets.push(Box::new(chain.topic(context)));
    resources.push(Box::new(chain.dead_letters(context)));
    resources.push(Box::new(chain.queue(context)));
    resources.push(Box::new(chain.topic(context)));
    facets.extend(new_file_subscription::NewFileSubscription::of(context).map(|facet| Box::new(facet) as Box<dyn AnyFacet>));
    facets.push(Box::new(new_file_notification::NewFileNotification(context.clone())));
}
