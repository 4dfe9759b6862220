//! The alarms that the CIS AWS Foundations Benchmarks ask for: data.
//!
//! Patterns are those of the benchmark's audit text. Where that text does not do what its title says, the pattern here does,
//! and `note` says what was changed.

use crate::api::alarms::{AlarmId, Baseline};

/// One recommendation of a benchmark.
pub struct BaselineAlarm {
    pub id: AlarmId,
    /// The number within the benchmark's Monitoring section.
    pub number: u8,
    pub title: &'static str,
    /// The pattern, and the first benchmark that has it so. Oldest first.
    patterns: &'static [(Baseline, &'static str)],
    /// What differs from the benchmark's own text, and why.
    pub note: Option<&'static str>,
}

impl BaselineAlarm {
    /// The pattern under this benchmark.
    pub fn pattern(&self, baseline: Baseline) -> &'static str {
        self.patterns.iter().rev().find(|(since, _)| *since <= baseline).map_or("", |(_, pattern)| pattern)
    }

    /// Its section in this benchmark, for example `5.3`.
    pub fn section(&self, baseline: Baseline) -> String {
        // Monitoring was section 4 until v5.0, and is section 5 since v6.0.
        let chapter = if baseline >= Baseline::Cis60 { 5 } else { 4 };
        format!("{chapter}.{}", self.number)
    }
}

/// Every alarm of `baseline`.
pub fn alarms(baseline: Baseline) -> &'static [BaselineAlarm] {
    if baseline == Baseline::None { &[] } else { &ALARMS }
}

const ALWAYS: Baseline = Baseline::Cis14;

static ALARMS: [BaselineAlarm; 15] = [
    BaselineAlarm {
        id: AlarmId::UnauthorizedApiCalls,
        number: 1,
        title: "Unauthorized API calls",
        patterns: &[(
            ALWAYS,
            r#"{ ($.errorCode ="*UnauthorizedOperation") || ($.errorCode ="AccessDenied*") && ($.sourceIPAddress!="delivery.logs.amazonaws.com") && ($.eventName!="HeadBucket") }"#,
        )],
        note: Some("v1.4 to v3.0 join the exclusions with OR, which matches almost every event: the form of v4.0.1 and later is used"),
    },
    BaselineAlarm {
        id: AlarmId::ConsoleSignInWithoutMfa,
        number: 2,
        title: "Console sign-in without MFA",
        patterns: &[(
            ALWAYS,
            r#"{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && ($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }"#,
        )],
        note: Some("of the benchmark's two forms the one for accounts with single sign-on, where MFA is the identity provider's affair"),
    },
    BaselineAlarm {
        id: AlarmId::RootUsage,
        number: 3,
        title: "Use of the root user",
        patterns: &[(
            ALWAYS,
            r#"{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }"#,
        )],
        note: None,
    },
    BaselineAlarm {
        id: AlarmId::IamPolicyChanges,
        number: 4,
        title: "IAM policy changes",
        patterns: &[(
            ALWAYS,
            "{($.eventName=DeleteGroupPolicy)||($.eventName=DeleteRolePolicy)||($.eventName=DeleteUserPolicy)||($.eventName=PutGroupPolicy)||($.eventName=PutRolePolicy)||($.eventName=PutUserPolicy)||($.eventName=CreatePolicy)||($.eventName=DeletePolicy)||($.eventName=CreatePolicyVersion)||($.eventName=DeletePolicyVersion)||($.eventName=AttachRolePolicy)||($.eventName=DetachRolePolicy)||($.eventName=AttachUserPolicy)||($.eventName=DetachUserPolicy)||($.eventName=AttachGroupPolicy)||($.eventName=DetachGroupPolicy)}",
        )],
        note: None,
    },
    BaselineAlarm {
        id: AlarmId::CloudtrailChanges,
        number: 5,
        title: "CloudTrail configuration changes",
        patterns: &[(
            ALWAYS,
            "{ ($.eventName = CreateTrail) || ($.eventName = UpdateTrail) || ($.eventName = DeleteTrail) || ($.eventName = StartLogging) || ($.eventName = StopLogging) }",
        )],
        note: None,
    },
    BaselineAlarm {
        id: AlarmId::ConsoleAuthenticationFailures,
        number: 6,
        title: "Console authentication failures",
        patterns: &[(ALWAYS, r#"{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }"#)],
        note: None,
    },
    BaselineAlarm {
        id: AlarmId::KmsKeyDisabledOrDeleted,
        number: 7,
        title: "Disabling or scheduled deletion of KMS keys",
        patterns: &[(ALWAYS, "{($.eventSource = kms.amazonaws.com) && (($.eventName=DisableKey)||($.eventName=ScheduleKeyDeletion)) }")],
        note: None,
    },
    BaselineAlarm {
        id: AlarmId::BucketPolicyChanges,
        number: 8,
        title: "S3 bucket policy changes",
        patterns: &[(
            ALWAYS,
            "{ ($.eventSource = s3.amazonaws.com) && (($.eventName = PutBucketAcl) || ($.eventName = PutBucketPolicy) || ($.eventName = PutBucketCors) || ($.eventName = PutBucketLifecycle) || ($.eventName = PutBucketReplication) || ($.eventName = DeleteBucketPolicy) || ($.eventName = DeleteBucketCors) || ($.eventName = DeleteBucketLifecycle) || ($.eventName = DeleteBucketReplication)) }",
        )],
        note: None,
    },
    BaselineAlarm {
        id: AlarmId::ConfigChanges,
        number: 9,
        title: "AWS Config changes",
        patterns: &[(
            ALWAYS,
            "{ ($.eventSource = config.amazonaws.com) && (($.eventName=StopConfigurationRecorder)||($.eventName=DeleteDeliveryChannel)||($.eventName=PutDeliveryChannel)||($.eventName=PutConfigurationRecorder)) }",
        )],
        note: None,
    },
    BaselineAlarm {
        id: AlarmId::SecurityGroupChanges,
        number: 10,
        title: "Security group changes",
        patterns: &[
            (
                ALWAYS,
                "{ ($.eventName = AuthorizeSecurityGroupIngress) || ($.eventName = AuthorizeSecurityGroupEgress) || ($.eventName = RevokeSecurityGroupIngress) || ($.eventName = RevokeSecurityGroupEgress) || ($.eventName = CreateSecurityGroup) || ($.eventName = DeleteSecurityGroup) }",
            ),
            (
                Baseline::Cis50,
                "{ ($.eventName = AuthorizeSecurityGroupIngress) || ($.eventName = AuthorizeSecurityGroupEgress) || ($.eventName = RevokeSecurityGroupIngress) || ($.eventName = RevokeSecurityGroupEgress) || ($.eventName = CreateSecurityGroup) || ($.eventName = DeleteSecurityGroup) || ($.eventName = ModifySecurityGroupRules) }",
            ),
        ],
        note: None,
    },
    BaselineAlarm {
        id: AlarmId::NetworkAclChanges,
        number: 11,
        title: "Network ACL changes",
        patterns: &[(
            ALWAYS,
            "{ ($.eventName = CreateNetworkAcl) || ($.eventName = CreateNetworkAclEntry) || ($.eventName = DeleteNetworkAcl) || ($.eventName = DeleteNetworkAclEntry) || ($.eventName = ReplaceNetworkAclEntry) || ($.eventName = ReplaceNetworkAclAssociation) }",
        )],
        note: None,
    },
    BaselineAlarm {
        id: AlarmId::NetworkGatewayChanges,
        number: 12,
        title: "Network gateway changes",
        patterns: &[(
            ALWAYS,
            "{ ($.eventName = CreateCustomerGateway) || ($.eventName = DeleteCustomerGateway) || ($.eventName = AttachInternetGateway) || ($.eventName = CreateInternetGateway) || ($.eventName = DeleteInternetGateway) || ($.eventName = DetachInternetGateway) }",
        )],
        note: None,
    },
    BaselineAlarm {
        id: AlarmId::RouteTableChanges,
        number: 13,
        title: "Route table changes",
        patterns: &[
            (
                ALWAYS,
                "{ ($.eventName = CreateRoute) || ($.eventName = CreateRouteTable) || ($.eventName = ReplaceRoute) || ($.eventName = ReplaceRouteTableAssociation) || ($.eventName = DeleteRouteTable) || ($.eventName = DeleteRoute) || ($.eventName = DisassociateRouteTable) }",
            ),
            (
                Baseline::Cis30,
                "{ ($.eventSource = ec2.amazonaws.com) && (($.eventName = CreateRoute) || ($.eventName = CreateRouteTable) || ($.eventName = ReplaceRoute) || ($.eventName = ReplaceRouteTableAssociation) || ($.eventName = DeleteRouteTable) || ($.eventName = DeleteRoute) || ($.eventName = DisassociateRouteTable)) }",
            ),
        ],
        note: Some(
            "v3.0 and later limit the pattern to EC2 but leave out the inner parentheses, which limits CreateRoute only: they are put in",
        ),
    },
    BaselineAlarm {
        id: AlarmId::VpcChanges,
        number: 14,
        title: "VPC changes",
        patterns: &[(
            ALWAYS,
            "{ ($.eventName = CreateVpc) || ($.eventName = DeleteVpc) || ($.eventName = ModifyVpcAttribute) || ($.eventName = AcceptVpcPeeringConnection) || ($.eventName = CreateVpcPeeringConnection) || ($.eventName = DeleteVpcPeeringConnection) || ($.eventName = RejectVpcPeeringConnection) || ($.eventName = AttachClassicLinkVpc) || ($.eventName = DetachClassicLinkVpc) || ($.eventName = DisableVpcClassicLink) || ($.eventName = EnableVpcClassicLink) }",
        )],
        note: None,
    },
    BaselineAlarm {
        id: AlarmId::OrganizationsChanges,
        number: 15,
        title: "AWS Organizations changes",
        patterns: &[(
            ALWAYS,
            r#"{ ($.eventSource = organizations.amazonaws.com) && (($.eventName = "AcceptHandshake") || ($.eventName = "AttachPolicy") || ($.eventName = "CreateAccount") || ($.eventName = "CreateOrganizationalUnit") || ($.eventName = "CreatePolicy") || ($.eventName = "DeclineHandshake") || ($.eventName = "DeleteOrganization") || ($.eventName = "DeleteOrganizationalUnit") || ($.eventName = "DeletePolicy") || ($.eventName = "DetachPolicy") || ($.eventName = "DisablePolicyType") || ($.eventName = "EnablePolicyType") || ($.eventName = "InviteAccountToOrganization") || ($.eventName = "LeaveOrganization") || ($.eventName = "MoveAccount") || ($.eventName = "RemoveAccountFromOrganization") || ($.eventName = "UpdatePolicy") || ($.eventName = "UpdateOrganizationalUnit")) }"#,
        )],
        note: None,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facets::filter_pattern::Pattern;
    use strum::IntoEnumIterator;

    /// AWS takes patterns of up to 1,024 characters.
    #[test]
    fn every_pattern_of_every_benchmark_is_understood_and_fits() {
        for baseline in Baseline::iter().filter(|baseline| *baseline != Baseline::None) {
            let ids: Vec<AlarmId> = alarms(baseline).iter().map(|alarm| alarm.id).collect();
            assert_eq!(ids, AlarmId::iter().collect::<Vec<_>>(), "each alarm once, in the order of the benchmark");
            for (at, alarm) in alarms(baseline).iter().enumerate() {
                let pattern = alarm.pattern(baseline);
                assert!(Pattern::parse(pattern).is_some(), "{pattern}");
                assert!(pattern.len() <= 1024, "{} characters: {pattern}", pattern.len());
                assert_eq!(usize::from(alarm.number), at + 1);
            }
        }
        assert!(alarms(Baseline::None).is_empty());
    }

    #[test]
    fn sections_and_patterns_follow_the_version() {
        let of = |id: AlarmId| alarms(Baseline::Cis70).iter().find(|alarm| alarm.id == id).unwrap();
        assert_eq!(of(AlarmId::RootUsage).section(Baseline::Cis14), "4.3");
        assert_eq!(of(AlarmId::RootUsage).section(Baseline::Cis70), "5.3");
        let groups = of(AlarmId::SecurityGroupChanges);
        assert!(!groups.pattern(Baseline::Cis401).contains("ModifySecurityGroupRules"));
        assert!(groups.pattern(Baseline::Cis50).contains("ModifySecurityGroupRules"));
        assert!(!of(AlarmId::RouteTableChanges).pattern(Baseline::Cis20).contains("eventSource"));
        assert!(of(AlarmId::RouteTableChanges).pattern(Baseline::Cis30).contains("eventSource"));
    }

    /// The table of docs/alarms.md, under the newest benchmark and the one before each change.
    fn table() -> String {
        let mut rows =
            vec!["| alarm | CIS v1.4 to v5.0 | CIS v6.0, v7.0 | watches for | note |".to_owned(), "|---|---|---|---|---|".to_owned()];
        for alarm in &ALARMS {
            let id: &str = alarm.id.into();
            let since = alarm.patterns.iter().skip(1).map(|(since, _)| {
                let version: &str = since.into();
                format!("another pattern since {version}")
            });
            let notes: Vec<String> = since.chain(alarm.note.map(str::to_owned)).collect();
            let (old, new) = (alarm.section(Baseline::Cis50), alarm.section(Baseline::Cis70));
            rows.push(format!("| `{id}` | {old} | {new} | {} | {} |", alarm.title, notes.join("; ")));
        }
        rows.join("\n").replace("|  |", "| |") + "\n"
    }

    #[test]
    fn the_documentation_has_the_table() {
        assert!(include_str!("../../docs/alarms.md").contains(&table()), "docs/alarms.md should have this table:\n{}", table());
    }
}
