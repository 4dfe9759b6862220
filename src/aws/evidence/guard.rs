//! The service control policies that bind an account: its own, and those of everything above it.

use super::super::Cloud;
use crate::facets::observed::{Answer, Failure, Observed, Reading};
use crate::facets::policy_document::Statements;
use crate::rules::organization::{ServiceControlPolicy, TrailGuard};
use aws_sdk_organizations::types::PolicyType;
use std::collections::BTreeMap;

impl Cloud {
    /// Only the management account and delegated administrators may ask.
    pub async fn trail_guard(&self) -> Answer {
        match self.service_control_policies().await {
            Ok(policies) => Observed::Present(Reading::state(&TrailGuard { policies })),
            Err(failure) => Observed::Unknown(failure),
        }
    }

    async fn service_control_policies(&self) -> Result<Vec<ServiceControlPolicy>, Failure> {
        let mut bound = vec![self.account.clone()];
        let client = self.session.organizations();
        loop {
            let below = bound.last().cloned().unwrap_or_default();
            let answer = self.call("organizations:ListParents", &below, client.list_parents().child_id(&below).send()).await?;
            match answer.parents.unwrap_or_default().into_iter().find_map(|parent| parent.id) {
                Some(parent) if !parent.starts_with("r-") => bound.push(parent),
                Some(root) => {
                    bound.push(root);
                    break;
                }
                None => break,
            }
        }
        let mut found = BTreeMap::new();
        for target in bound {
            let mut next = None;
            loop {
                let request = client.list_policies_for_target().target_id(&target).filter(PolicyType::ServiceControlPolicy);
                let page = self.call("organizations:ListPoliciesForTarget", &target, request.set_next_token(next).send()).await?;
                for policy in page.policies.unwrap_or_default() {
                    found.insert(policy.id.unwrap_or_default(), policy.name.unwrap_or_default());
                }
                next = page.next_token;
                if next.is_none() {
                    break;
                }
            }
        }
        let mut policies = Vec::new();
        for (id, name) in found {
            policies.push(self.service_control_policy(&id, name).await?);
        }
        Ok(policies)
    }

    async fn service_control_policy(&self, id: &str, name: String) -> Result<ServiceControlPolicy, Failure> {
        let operation = "organizations:DescribePolicy";
        let answer = self.call(operation, id, self.session.organizations().describe_policy().policy_id(id).send()).await?;
        let content = answer.policy.and_then(|policy| policy.content).unwrap_or_else(|| "{}".to_owned());
        let statements = Statements::parse(&content).map_err(|error| self.unbuildable(operation, id, &error))?;
        Ok(ServiceControlPolicy { name, statements })
    }
}
