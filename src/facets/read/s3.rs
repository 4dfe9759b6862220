//! Questions about a bucket.

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum S3Read {
    Bucket { bucket: String },
    BucketOwnership { bucket: String },
    BucketPublicAccess { bucket: String },
    BucketPolicy { bucket: String },
    BucketVersioning { bucket: String },
    BucketEncryption { bucket: String },
    BucketTags { bucket: String },
    BucketLifecycle { bucket: String },
    BucketRequestPayment { bucket: String },
    BucketObjectLock { bucket: String },
    BucketLogging { bucket: String },
    BucketReplication { bucket: String },
    BucketNotification { bucket: String },
}
