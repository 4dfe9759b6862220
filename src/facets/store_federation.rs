//! Federation of an event data store: Athena reads it by a table in the Glue Data Catalog.

use super::observed::{Observed, Reading, Seen};
use super::rights::{Right, Rights};
use super::step::{LakeStep, Step};
use super::store::{StoreContext, StoreFacts, changeable, source_below};
use super::{Change, Facet, Source};
use serde::{Deserialize, Serialize};

/// The role by which the store is read; empty: not federated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FederationState {
    pub role_arn: String,
}

pub struct StoreFederation(pub StoreContext);

impl Facet for StoreFederation {
    const NAME: &'static str = "federation";
    type State = FederationState;

    fn source(&self, seen: &Seen) -> Source {
        let none = Observed::Present(Reading::state(&FederationState::default()));
        source_below(
            seen,
            none,
            || Reading::state(&self.desired(None, seen)),
            |facts| {
                let on = matches!(facts.federation.as_str(), "ENABLED" | "ENABLING");
                let role_arn = if on { facts.federation_role } else { String::new() };
                Source::Inferred(Observed::Present(Reading::state(&FederationState { role_arn })))
            },
        )
    }

    fn desired(&self, _observed: Option<&FederationState>, _seen: &Seen) -> FederationState {
        FederationState { role_arn: self.0.spec.federation.as_ref().map(|federation| federation.role_arn.clone()).unwrap_or_default() }
    }

    /// Another role takes two passes: AWS disables in its own time, and enables only what is disabled.
    fn steps(&self, change: &Change<'_, FederationState>) -> Vec<Step> {
        let federation = StoreFacts::of(change.seen).unwrap_or_default().federation;
        let Some(store) = changeable(change.seen) else { return Vec::new() };
        match federation.as_str() {
            "ENABLED" => vec![Step::Lake(LakeStep::DisableFederation { store })],
            "ENABLING" | "DISABLING" => Vec::new(),
            _ => vec![Step::Lake(LakeStep::EnableFederation { store, role: change.desired.role_arn.clone() })],
        }
    }

    /// CloudTrail acts on Glue and Lake Formation by the caller's rights (CloudTrail User Guide, "Required permissions for
    /// federation"). To end a federation that somebody began is a repair, so those rights are always needed.
    fn rights(&self) -> Rights {
        let store = self.0.arn_pattern();
        let (partition, region, account) = (self.0.account.partition.as_str(), &self.0.spec.region, &self.0.account.id);
        let glue = |what: &str| format!("arn:{partition}:glue:{region}:{account}:{what}");
        let lake_formation = format!("arn:{partition}:lakeformation:{region}:{account}:catalog:{account}");
        let tables = ["catalog", "database/aws:cloudtrail", "table/aws:cloudtrail/*"].map(glue);
        let mut rights = Rights::default()
            .writing(&store, &["cloudtrail:DisableFederation"])
            .writing(&lake_formation, &["lakeformation:DeregisterResource"]);
        rights.write.extend(tables.iter().map(|table| Right::new("glue:DeleteTable", table)));
        if let Some(federation) = &self.0.spec.federation {
            let role = &federation.role_arn;
            rights = rights
                .writing(&store, &["cloudtrail:EnableFederation"])
                .writing(role, &["iam:GetRole"])
                .writing(&lake_formation, &["lakeformation:RegisterResource"]);
            for resource in tables.into_iter().chain([glue("connection/aws:cloudtrail")]) {
                rights = rights.writing(&resource, &["glue:CreateDatabase", "glue:CreateTable", "glue:PassConnection"]);
            }
            rights.write.push(Right::new("iam:PassRole", role).when("StringEquals", "iam:PassedToService", "lakeformation.amazonaws.com"));
        }
        rights
    }
}
