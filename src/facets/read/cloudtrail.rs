//! Questions about a trail.

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloudTrailRead {
    /// Settings of a trail, looked for by ARN and name in its home Region.
    Trail { arn: String },
    /// Whether a trail records, and what became of its deliveries.
    TrailLogging { trail: String },
    /// Its event selectors.
    TrailSelectors { trail: String },
    /// Its Insights.
    TrailInsights { trail: String },
    /// Its aggregation of data events.
    TrailAggregation { trail: String },
    /// Its tags.
    TrailTags { arn: String },
}
