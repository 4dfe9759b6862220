//! Reads: the AWS questions as data. `aws::read` asks them, shares and batches them.

/// One question about one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// Settings of a trail, looked for by ARN and name in its home Region.
    Trail {
        arn: String,
    },
    /// Whether a trail records, and what became of its deliveries.
    TrailLogging {
        trail: String,
    },
    /// Its event selectors.
    TrailSelectors {
        trail: String,
    },
    /// Its tags.
    TrailTags {
        arn: String,
    },

    Bucket {
        bucket: String,
    },
    BucketOwnership {
        bucket: String,
    },
    BucketPublicAccess {
        bucket: String,
    },
    BucketPolicy {
        bucket: String,
    },
    BucketVersioning {
        bucket: String,
    },
    BucketEncryption {
        bucket: String,
    },
    BucketTags {
        bucket: String,
    },

    /// A key by its alias, or, where the alias is missing, by its ownership tag.
    Key {
        alias: String,
        owner: String,
    },
    KeyPolicy {
        key: String,
    },
    KeyRotation {
        key: String,
    },
}
