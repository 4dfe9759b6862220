//! Where the rules of a trail's responses are, and what everything is called. All names follow from the object's owner mark,
//! so that a pass that was cut off finds its own again.

use crate::api::aws_account::Partition;
use crate::api::responses::Response;
use crate::facets::context::TrailContext;
use crate::facets::policy_document::short_hash;
use std::collections::BTreeSet;

/// The bus on which AWS's own events arrive.
pub const DEFAULT_BUS: &str = "default";

/// Names and places.
pub struct Layout<'a>(pub &'a TrailContext);

impl Layout<'_> {
    /// Begins the name of every rule and bus of this trail, and of no other.
    pub fn prefix(&self) -> String {
        format!("trailkeeper-{}-", short_hash(&self.0.owner))
    }

    /// The name of a response's rules, and of its bus.
    pub fn name(&self, response: &str) -> String {
        format!("{}{response}", self.prefix())
    }

    /// The Sid of our statement in a target's policy. One for all responses: it lets in the rules of this trail.
    pub fn sid(&self) -> String {
        format!("Trailkeeper{}", short_hash(&self.0.owner))
    }

    pub fn home(&self) -> &str {
        &self.0.spec.region
    }

    pub fn bus_arn(&self, response: &str) -> String {
        format!("{}event-bus/{}", self.arn_of_events(self.home()), self.name(response))
    }

    /// Stands for the rules of this trail in one Region: those on the default bus, and those on buses of their own, whose names
    /// come before the rule's.
    pub fn rules_arn(&self, region: &str) -> String {
        format!("{}rule/{}*", self.arn_of_events(region), self.prefix())
    }

    fn arn_of_events(&self, region: &str) -> String {
        let account = &self.0.account;
        format!("arn:{}:events:{region}:{}:", account.partition.as_str(), account.id)
    }

    pub fn role_name(&self) -> String {
        format!("{}responses", self.prefix())
    }

    pub fn role_arn(&self) -> String {
        let account = &self.0.account;
        format!("arn:{}:iam::{}:role/{}", account.partition.as_str(), account.id, self.role_name())
    }

    /// Whether a target belongs to another account: its policy is not ours to edit.
    pub fn is_foreign(&self, target: &str) -> bool {
        target.split(':').nth(4) != Some(self.0.account.id.as_str())
    }

    /// The Regions whose events count for a response.
    pub fn regions(&self, response: &Response) -> BTreeSet<String> {
        if !response.regions.is_empty() {
            return response.regions.iter().cloned().collect();
        }
        let mut regions = BTreeSet::from([self.home().to_owned()]);
        if self.covers_every_region() {
            regions.extend(self.0.account.regions.iter().cloned());
            // Events of IAM and of the root user arrive here, wherever they come from.
            regions.insert("us-east-1".to_owned());
        }
        regions
    }

    /// Whether the events of other Regions must be brought home.
    pub fn is_forwarded(&self, response: &Response) -> bool {
        self.regions(response).iter().any(|region| region != self.home())
    }

    /// The same as a policy names it: any Region, where the account's are meant and nobody has told which those are.
    pub fn regions_for_rights(&self) -> BTreeSet<String> {
        let every = |response: &Response| response.regions.is_empty() && self.covers_every_region();
        if self.0.account.regions.is_empty() && self.0.spec.responses.iter().any(every) {
            return BTreeSet::from(["*".to_owned()]);
        }
        self.regions_to_read()
    }

    /// EventBridge takes no events to another Region of China or GovCloud.
    fn covers_every_region(&self) -> bool {
        self.0.spec.multi_region && self.0.account.partition == Partition::Aws
    }

    /// Every Region that may have a rule of ours.
    pub fn regions_to_read(&self) -> BTreeSet<String> {
        let spec = &self.0.spec;
        let now = spec.responses.iter().flat_map(|response| self.regions(response));
        now.chain(self.0.response_regions.iter().cloned()).chain([self.home().to_owned()]).collect()
    }
}
