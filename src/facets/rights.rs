//! Rights: what an identity must be allowed to do, as IAM writes it. Data, from which `trailkeeper iam-policy` is made.

/// One action on resources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// As IAM writes it: `s3:PutEncryptionConfiguration`. Not always the operation's name: see the Service Authorization
    /// Reference.
    pub action: &'static str,
    /// An ARN, `*` as a last resort.
    pub resource: String,
    /// Under which conditions: operator, key, value.
    pub conditions: Vec<(&'static str, String, String)>,
}

impl Right {
    pub fn new(action: &'static str, resource: impl Into<String>) -> Self {
        Self { action, resource: resource.into(), conditions: Vec::new() }
    }

    pub fn when(mut self, operator: &'static str, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.conditions.push((operator, key.into(), value.into()));
        self
    }
}

/// The rights that a facet needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// To look, also in Observe mode.
    pub read: Vec<Right>,
    /// To bring the desired state about.
    pub write: Vec<Right>,
    /// To delete the resource with its object, under `deletionPolicy: Delete`.
    pub delete: Vec<Right>,
}

impl Rights {
    /// To look at one resource, and to change it.
    pub fn on(resource: &str, read: &[&'static str], write: &[&'static str]) -> Self {
        Self::default().reading(resource, read).writing(resource, write)
    }

    pub fn reading(mut self, resource: &str, actions: &[&'static str]) -> Self {
        self.read.extend(actions.iter().map(|action| Right::new(action, resource)));
        self
    }

    pub fn writing(mut self, resource: &str, actions: &[&'static str]) -> Self {
        self.write.extend(actions.iter().map(|action| Right::new(action, resource)));
        self
    }

    pub fn deleting(mut self, resource: &str, actions: &[&'static str]) -> Self {
        self.delete.extend(actions.iter().map(|action| Right::new(action, resource)));
        self
    }
}
