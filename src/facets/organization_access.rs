//! What an organization trail stands on: all features, trusted access, an account that may have one. Nothing here is ever
//! taken back, and nothing is set up that the spec does not ask for.

use super::context::{AccountFacts, TrailContext};
use super::observed::{Observed, Reading, Seen};
use super::read::{OrganizationsRead, Read};
use super::rights::{Right, Rights};
use super::step::{CloudTrailStep, OrganizationsStep, Step};
use super::trail_settings::Settings;
use super::{Change, Facet, Obstacle, Source};
use crate::api::organization::OrganizationSetup;
use serde::{Deserialize, Serialize};

/// The service principal of CloudTrail, as organizations know it.
pub const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

/// What this facet reads, and the account's own look at the organization of such a trail: who is in it.
/// Organizations knows no resource for these.
pub const READS: [&str; 4] = [
    "organizations:DescribeOrganization",
    "organizations:ListAWSServiceAccessForOrganization",
    "organizations:ListDelegatedAdministrators",
    "organizations:ListAccounts",
];

const PREREQUISITE: &str = "OrganizationPrerequisite";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccessState {
    pub all_features: bool,
    /// None where the account may not ask.
    pub trusted_access: Option<bool>,
    /// Whether the account is the management account or a delegated administrator.
    pub administrator: bool,
    /// The delegated administrator that the spec asks for, once it is registered.
    pub delegated_administrator: String,
}

pub struct OrganizationAccess(pub TrailContext);

impl OrganizationAccess {
    /// Whether a trail has to do with an organization: it is to be its trail, or was.
    pub fn concerns(context: &TrailContext) -> bool {
        context.spec.organization || moved_from(context).is_some()
    }

    fn setup(&self) -> OrganizationSetup {
        self.0.spec.organization_setup.clone().unwrap_or_default()
    }

    fn management(&self) -> &str {
        self.0.account.trail_owner(true)
    }

    fn is_management(&self) -> bool {
        self.0.account.id == self.management()
    }

    fn missing(&self, observed: &AccessState) -> Option<String> {
        let (account, management) = (&self.0.account.id, self.management());
        let organization = self.0.account.organization.as_ref().map(|found| found.id.as_str()).unwrap_or_default();
        let setup = self.setup();
        if let Some(before) = moved_from(&self.0) {
            return Some(format!(
                "only the management account {management} turns a trail into an organization trail or back, and account {account} is another: \
                 {before} would stay beside a second trail. Take spec.organization back, or change the trail from an AwsAccount of {management}"
            ));
        }
        if !observed.all_features {
            return Some(format!(
                "organization {organization} has not all features on, which organization trails need. Run in account {management}: \
                 aws organizations enable-all-features (invited members must accept)"
            ));
        }
        if !observed.administrator {
            return Some(format!(
                "account {account} is neither the management account {management} of organization {organization} nor a delegated administrator \
                 of CloudTrail. Run in account {management}: aws cloudtrail register-organization-delegated-admin --member-account-id {account}"
            ));
        }
        let may = self.is_management();
        if observed.trusted_access == Some(false) && !(may && setup.enable_trusted_access) {
            return Some(format!(
                "CloudTrail has no trusted access in organization {organization}. Run in account {management}: \
                 aws organizations enable-aws-service-access --service-principal {CLOUDTRAIL}{}",
                if may { "; or set spec.organizationSetup.enableTrustedAccess" } else { "" }
            ));
        }
        let wanted = setup.register_delegated_administrator.filter(|wanted| *wanted != observed.delegated_administrator)?;
        (!may).then(|| {
            format!(
                "spec.organizationSetup.registerDelegatedAdministrator: only the management account registers one. Run in account {management}: \
                 aws cloudtrail register-organization-delegated-admin --member-account-id {wanted}"
            )
        })
    }
}

/// What a write for all members asks of the caller beside the write itself (Service Authorization Reference, dependent actions
/// of CreateTrail and CreateEventDataStore).
pub(super) fn to_act_for_the_organization(account: &AccountFacts) -> Rights {
    let partition = account.partition.as_str();
    let linked = format!("arn:{partition}:iam::{}:role/aws-service-role/{CLOUDTRAIL}/AWSServiceRoleForCloudTrail", account.id);
    let create = Right::new("iam:CreateServiceLinkedRole", linked.clone()).when("StringEquals", "iam:AWSServiceName", CLOUDTRAIL);
    Rights { write: vec![create], ..Rights::default() }
        .writing(&linked, &["iam:GetRole"])
        .writing("*", &["organizations:ListAWSServiceAccessForOrganization"])
}

/// The trail that an earlier pass had, where the spec now asks for one that belongs to another account.
fn moved_from(context: &TrailContext) -> Option<&str> {
    let owner = |arn: &str| arn.split(':').nth(4).map(str::to_owned);
    context.arn_before.as_deref().filter(|before| owner(before) != owner(&context.arn()))
}

impl Facet for OrganizationAccess {
    const NAME: &'static str = "organizationAccess";
    type State = AccessState;
    const GATES_CREATION: bool = true;

    fn source(&self, seen: &Seen) -> Source {
        if moved_from(&self.0).is_some() {
            let not_this_one = AccessState { administrator: false, ..self.desired(None, seen) };
            return Source::Inferred(Observed::Present(Reading::state(&not_this_one)));
        }
        let administrator = self.setup().register_delegated_administrator;
        Source::Ask(Read::Organizations(OrganizationsRead::Access { service: CLOUDTRAIL, administrator }))
    }

    fn desired(&self, _observed: Option<&AccessState>, _seen: &Seen) -> AccessState {
        AccessState {
            all_features: true,
            trusted_access: Some(true),
            administrator: true,
            delegated_administrator: self.setup().register_delegated_administrator.unwrap_or_default(),
        }
    }

    fn steps(&self, change: &Change<'_, AccessState>) -> Vec<Step> {
        let nothing = AccessState::default();
        let observed = change.observed.unwrap_or(&nothing);
        if self.missing(observed).is_some() {
            return Vec::new();
        }
        let mut steps = Vec::new();
        if observed.trusted_access != change.desired.trusted_access {
            steps.push(Step::Organizations(OrganizationsStep::EnableServiceAccess { service: CLOUDTRAIL }));
        }
        let account = &change.desired.delegated_administrator;
        if observed.delegated_administrator != *account {
            steps.push(Step::CloudTrail(CloudTrailStep::RegisterOrganizationDelegatedAdmin { account: account.clone() }));
        }
        steps
    }

    /// A trail that exists already is still kept as declared.
    fn obstacle(&self, change: &Change<'_, AccessState>) -> Option<Obstacle> {
        let message = self.missing(change.observed?)?;
        let exists = matches!(change.seen.get(Settings::NAME), Some(Observed::Present(_)));
        Some(Obstacle { reason: PREREQUISITE, message, nothing_may_be_written: !exists })
    }

    /// Organizations knows no narrower resource for these reads. CreateTrail and UpdateTrail themselves make and look for the
    /// service-linked role of CloudTrail in the management account.
    fn rights(&self) -> Rights {
        let setup = self.setup();
        let partition = self.0.account.partition.as_str();
        let mut write = to_act_for_the_organization(&self.0.account).write;
        let of_cloudtrail = |action| Right::new(action, "*").when("StringEquals", "organizations:ServicePrincipal", CLOUDTRAIL);
        if setup.enable_trusted_access {
            write.push(of_cloudtrail("organizations:EnableAWSServiceAccess"));
        }
        if let Some(account) = &setup.register_delegated_administrator {
            let organization = self.0.account.organization.as_ref().map(|found| found.id.as_str()).unwrap_or("*");
            let member = format!("arn:{partition}:organizations::{}:account/{organization}/{account}", self.management());
            write.push(Right::new("cloudtrail:RegisterOrganizationDelegatedAdmin", "*"));
            write.push(Right::new("organizations:RegisterDelegatedAdministrator", member).when(
                "StringEquals",
                "organizations:ServicePrincipal",
                CLOUDTRAIL,
            ));
        }
        Rights { write, ..Rights::default() }.reading("*", &READS)
    }
}

#[cfg(test)]
mod tests {
    use super::super::AnyFacet;
    use super::super::difference::Ignore;
    use super::super::observed::Answer;
    use super::*;
    use crate::api::aws_account::{Organization, Partition};
    use crate::facets::context::Destination;
    use serde_json::{Value, json};

    const MANAGEMENT: &str = "111111111111";
    const MEMBER: &str = "222222222222";

    fn facet(account: &str, setup: Value) -> OrganizationAccess {
        let spec = json!({"accountRef": {"name": "x"}, "region": "eu-west-1", "bucket": {"name": "logs"}, "organization": true, "organizationSetup": setup});
        let organization = Organization { id: "o-1".into(), management_account_id: MANAGEMENT.into() };
        OrganizationAccess(TrailContext {
            name: "org".into(),
            spec: serde_json::from_value(spec).unwrap(),
            account: AccountFacts { id: account.into(), partition: Partition::Aws, organization: Some(organization), regions: Vec::new() },
            destination: Destination { bucket: "logs".into(), kms_key: String::new() },
            arn_before: None,
            owner: "o".into(),
            owned_before: Vec::new(),
            response_regions: Vec::new(),
            filter_groups: Vec::new(),
        })
    }

    fn good() -> AccessState {
        AccessState { all_features: true, trusted_access: Some(true), administrator: true, delegated_administrator: String::new() }
    }

    /// Steps, and what the obstacle says.
    fn verdict(facet: &OrganizationAccess, observed: &AccessState) -> (Vec<&'static str>, String) {
        let mut seen = Seen::default();
        let answer: Answer = Observed::Present(Reading::state(observed));
        seen.insert(OrganizationAccess::NAME, answer);
        let evaluation = facet.evaluate(&seen, &Ignore::default());
        let steps = evaluation.steps.iter().map(|planned| planned.step.action()).collect();
        (steps, evaluation.obstacle.map(|obstacle| obstacle.message).unwrap_or_default())
    }

    #[test]
    fn what_is_missing_is_named_with_its_cure_or_set_up_where_allowed() {
        let no_trust = AccessState { trusted_access: Some(false), ..good() };
        let stranger = AccessState { administrator: false, trusted_access: None, ..good() };
        let consolidated = AccessState { all_features: false, trusted_access: Some(false), ..good() };
        let trust = json!({"enableTrustedAccess": true});
        let register = json!({"registerDelegatedAdministrator": MEMBER});
        let both = json!({"enableTrustedAccess": true, "registerDelegatedAdministrator": MEMBER});
        let table: [(&str, Value, AccessState, &[&str], &str); 10] = [
            (MANAGEMENT, json!({}), good(), &[], ""),
            (MANAGEMENT, json!({}), no_trust.clone(), &[], "or set spec.organizationSetup.enableTrustedAccess"),
            (MANAGEMENT, trust.clone(), no_trust.clone(), &["EnableAWSServiceAccess"], ""),
            (MANAGEMENT, both, no_trust.clone(), &["EnableAWSServiceAccess", "RegisterOrganizationDelegatedAdmin"], ""),
            (MANAGEMENT, register.clone(), good(), &["RegisterOrganizationDelegatedAdmin"], ""),
            (MANAGEMENT, trust.clone(), consolidated, &[], "enable-all-features"),
            (MEMBER, json!({}), good(), &[], ""),
            (MEMBER, trust.clone(), stranger, &[], "register-organization-delegated-admin --member-account-id 222222222222"),
            (MEMBER, trust, no_trust, &[], "Run in account 111111111111: aws organizations enable-aws-service-access"),
            (MEMBER, register, good(), &[], "only the management account registers one"),
        ];
        for (account, setup, observed, steps, says) in table {
            let (found, message) = verdict(&facet(account, setup.clone()), &observed);
            assert_eq!(found, steps, "{account} {setup} {observed:?}");
            assert!(message.contains(says) && message.is_empty() == says.is_empty(), "{account} {setup} {observed:?}: {message}");
        }
    }

    #[test]
    fn a_trail_that_would_change_hands_is_not_touched() {
        let mut moved = facet(MEMBER, json!({}));
        moved.0.arn_before = Some(moved.0.arn());
        assert!(verdict(&moved, &good()).1.is_empty());
        moved.0.spec.organization = false;
        assert!(OrganizationAccess::concerns(&moved.0));
        assert!(matches!(Facet::source(&moved, &Seen::default()), Source::Inferred(_)));
        let elsewhere = AccessState { administrator: false, ..good() };
        assert!(verdict(&moved, &elsewhere).1.contains("only the management account 111111111111 turns a trail"));
        let mut own = facet(MANAGEMENT, json!({}));
        own.0.arn_before = Some(own.0.arn());
        own.0.spec.organization = false;
        assert!(!OrganizationAccess::concerns(&own.0), "the management account may convert");
    }

    #[test]
    fn only_what_the_spec_asks_for_needs_a_right() {
        let actions = |rights: Vec<Right>| rights.into_iter().map(|right| right.action).collect::<Vec<_>>();
        let plain = Facet::rights(&facet(MANAGEMENT, json!({})));
        let changes = ["organizations:EnableAWSServiceAccess", "organizations:RegisterDelegatedAdministrator"];
        assert!(!actions(plain.write).iter().any(|action| changes.contains(action)));
        assert_eq!(actions(plain.read), READS);
        let full = Facet::rights(&facet(MANAGEMENT, json!({"enableTrustedAccess": true, "registerDelegatedAdministrator": MEMBER})));
        let full = actions(full.write);
        assert!(changes.iter().all(|change| full.contains(change)), "{full:?}");
    }
}
