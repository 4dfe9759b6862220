//! Questions about Athena.

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AthenaRead {
    /// A workgroup with its settings and tags.
    Workgroup { workgroup: String, arn: String },
    /// The named queries of ours in a workgroup.
    Queries { workgroup: String },
}
