//! The facets of each kind, in the order in which they are read and written.
//!
//! Order: key, bucket, public-access block, bucket policy; trail, selectors, logging (design.md, decision 2).

use super::context::{ArchiveContext, TrailContext};
use super::observed::Seen;
use super::step::Step;
use super::tags::{OwnerFacts, Tags, with_owner};
use super::*;

/// A resource of AWS that is owned as a whole: the facet that says whether it exists, and the one that says whose it is.
pub struct Resource {
    pub noun: &'static str,
    /// Name or ARN, for people.
    pub id: String,
    pub root: &'static str,
    pub tags: &'static str,
    /// The step that puts the ownership tags (and, where AWS replaces all tags at once, the others there are) in place.
    pub claim: Box<dyn Fn(&Seen, Tags) -> Step + Send + Sync>,
    /// The steps that delete it, when that is asked for.
    pub delete: Box<dyn Fn(&Seen) -> Vec<Step> + Send + Sync>,
}

/// What the engine works on: facets in order, and the resources that they belong to.
pub struct Registered {
    pub facets: Vec<Box<dyn AnyFacet>>,
    pub resources: Vec<Resource>,
}

/// The facets of a Trail.
pub fn trail(context: &TrailContext) -> Registered {
    let (of_claim, of_delete) = (context.clone(), context.clone());
    Registered {
        facets: vec![
            Box::new(trail_settings::Settings(context.clone())),
            Box::new(trail_tags::TrailTags(context.clone())),
            Box::new(trail_events::TrailEvents(context.clone())),
            Box::new(trail_logging::Logging(context.clone())),
        ],
        resources: vec![Resource {
            noun: "trail",
            id: context.arn(),
            root: trail_settings::Settings::NAME,
            tags: trail_tags::TrailTags::NAME,
            claim: Box::new(move |seen, tags| Step::AddTags { trail: trail_settings::Settings::arn(&of_claim, seen), tags }),
            delete: Box::new(move |seen| vec![Step::DeleteTrail { trail: trail_settings::Settings::arn(&of_delete, seen) }]),
        }],
    }
}

/// The facets of a LogArchive.
pub fn log_archive(context: &ArchiveContext) -> Registered {
    let mut facets: Vec<Box<dyn AnyFacet>> = Vec::new();
    let mut resources = Vec::new();
    if context.key_alias().is_some() {
        facets.push(Box::new(key::Key(context.clone())));
        facets.push(Box::new(key_alias::KeyAlias(context.clone())));
        facets.push(Box::new(key_policy::KeyPolicy(context.clone())));
        facets.push(Box::new(key_rotation::KeyRotation(context.clone())));
        facets.push(Box::new(key_tags::KeyTags(context.clone())));
        resources.push(key_resource(context));
    }
    facets.push(Box::new(bucket::Bucket(context.clone())));
    facets.push(Box::new(bucket_ownership::BucketOwnership(context.clone())));
    facets.push(Box::new(bucket_public_access::BucketPublicAccess(context.clone())));
    facets.push(Box::new(bucket_policy::BucketPolicy(context.clone())));
    facets.push(Box::new(bucket_versioning::BucketVersioning(context.clone())));
    facets.push(Box::new(bucket_encryption::BucketEncryption(context.clone())));
    facets.push(Box::new(bucket_tags::BucketTags(context.clone())));
    resources.push(bucket_resource(context));
    Registered { facets, resources }
}

fn bucket_resource(context: &ArchiveContext) -> Resource {
    let (of_claim, of_delete) = (context.spec.bucket_name.clone(), context.spec.bucket_name.clone());
    Resource {
        noun: "bucket",
        id: context.spec.bucket_name.clone(),
        root: bucket::Bucket::NAME,
        tags: bucket_tags::BucketTags::NAME,
        claim: Box::new(move |seen, marks| {
            let mut tags: Tags = seen.state(bucket_tags::BucketTags::NAME).unwrap_or_default();
            tags.extend(marks);
            Step::PutBucketTagging { bucket: of_claim.clone(), tags }
        }),
        delete: Box::new(move |_| vec![Step::DeleteBucket { bucket: of_delete.clone() }]),
    }
}

fn key_resource(context: &ArchiveContext) -> Resource {
    let alias = key::Key::alias(context);
    let window_days = context.spec.encryption.own_key().unwrap_or_default().deletion_window_days;
    Resource {
        noun: "key",
        id: alias.clone(),
        root: key::Key::NAME,
        tags: key_tags::KeyTags::NAME,
        claim: Box::new(|seen, tags| Step::TagKey { key: key::Key::reference(seen), tags }),
        delete: Box::new(move |seen| {
            let key = key::Key::reference(seen);
            let pending = seen.state::<key::KeyState>(key::Key::NAME).is_some_and(|state| state.pending_deletion);
            let has_alias = seen.facts::<key::KeyFacts>(key::Key::NAME).is_some_and(|facts| facts.alias_target == facts.arn);
            let unname = has_alias.then(|| Step::DeleteAlias { alias: alias.clone() });
            // The alias goes last: until then a pass that was cut off finds the key again.
            (!pending).then_some(Step::ScheduleKeyDeletion { key, window_days }).into_iter().chain(unname).collect()
        }),
    }
}

/// The marks of ownership that a claim writes.
pub fn marks(owner: &str, facts: &OwnerFacts, adopting: bool) -> Tags {
    with_owner(&Tags::new(), owner, adopting || facts.adopted)
}
