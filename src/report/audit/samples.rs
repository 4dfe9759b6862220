//! A small piece of evidence for the tests of every form.

use super::verified::Verified;
use super::*;
use crate::api::common::LOGGING_STOPPED;
use crate::api::inventory::{Covered, TrailFound};
use crate::rules::finding::{Exempted, Judged, Verdict};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn judged(kind: &'static str, object: Option<&str>, arn: &str) -> Judged {
    Judged {
        kind,
        object: object.map(str::to_owned),
        arn: arn.to_owned(),
        account: "111111111111".to_owned(),
        region: "eu-west-1".to_owned(),
    }
}

const MAIN: &str = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/main";

pub fn finding(catalogue: &Catalogue, rule: &str, verdict: Verdict) -> Finding {
    let entry = catalogue.entry(rule).unwrap();
    Finding {
        rule: rule.to_owned(),
        title: entry.title.clone(),
        severity: entry.severity,
        judged: judged("Trail", Some("audit/main"), MAIN),
        verdict,
    }
}

/// One account with a trail that has each verdict once; texts that a careless form would break.
pub fn evidence() -> Evidence {
    let catalogue = Catalogue::builtin().unwrap();
    let exempted = Exempted {
        message: "it has no tag that says whose it is".into(),
        reason: "tags are kept in the CMDB, \"by design\"".into(),
        approver: "Ada <ada@example.org>".into(),
        expires: at("2027-01-31T00:00:00Z"),
        policy: "baseline".into(),
    };
    let mut stranger = finding(&catalogue, "TK-TRAIL-001", Verdict::Fail("logging is off: the trail records nothing".into()));
    stranger.judged = judged("Trail", None, "arn:aws:cloudtrail:us-east-1:111111111111:trail/forgotten");
    let covered = |recorded: Known| Covered { recorded, trails: if recorded == Known::Yes { vec![MAIN.to_owned()] } else { Vec::new() } };
    let coverage = |regions: &[&str], data: Known| Coverage {
        regions: regions.iter().map(|region| (*region).to_owned()).collect(),
        management_read: covered(Known::Yes),
        management_write: covered(Known::Yes),
        data: covered(data),
        network_activity: covered(Known::No),
        insights: covered(Known::Unknown),
    };
    Evidence {
        from: at("2026-10-01T00:00:00Z"),
        to: at("2026-11-01T00:00:00Z"),
        made_at: at("2026-11-02T08:00:00Z"),
        frameworks: vec!["CIS-AWS-7.0".to_owned()],
        accounts: vec![AccountEvidence {
            id: "111111111111".into(),
            name: Some("production".into()),
            trails: vec![TrailFound {
                name: "main".into(),
                arn: MAIN.into(),
                home_region: "eu-west-1".into(),
                multi_region: true,
                logging: Known::Yes,
                bucket: "audit-logs".into(),
                managed: Known::Yes,
                managed_by: Some("audit/main".into()),
                ..TrailFound::default()
            }],
            coverage: vec![coverage(&["eu-central-1", "eu-west-1"], Known::No), coverage(&["us-east-1"], Known::Unknown)],
        }],
        deliveries: vec![Delivery {
            trail: MAIN.into(),
            logging: Known::Yes,
            validation: Known::Yes,
            latest_delivery_time: Some(at("2026-11-02T07:55:00Z")),
            latest_digest_delivery_time: Some(at("2026-11-02T07:30:00Z")),
            errors: vec!["SNS notices: AuthorizationError".into()],
            gaps: vec![EvidenceGap {
                until: Some(at("2026-10-12T03:14:00Z")),
                ..EvidenceGap::new(LOGGING_STOPPED, at("2026-10-12T03:10:00Z"))
            }],
        }],
        changes: vec![Change {
            time: at("2026-10-12T03:10:00Z"),
            account: "111111111111".into(),
            region: "eu-west-1".into(),
            operation: "StopLogging".into(),
            resource: MAIN.into(),
            principal: "arn:aws:iam::111111111111:user/mallory".into(),
            source_ip: "203.0.113.7".into(),
            user_agent: "aws-cli/2 <script>alert(1)</script>".into(),
            event_id: "0a1b2c3d-0000-4000-8000-000000000001".into(),
            error: None,
        }],
        findings: vec![
            finding(&catalogue, "TK-TRAIL-001", Verdict::Pass),
            stranger,
            finding(&catalogue, "TK-TRAIL-002", Verdict::Pass),
            finding(&catalogue, "TK-TRAIL-004", Verdict::Pass),
            finding(&catalogue, "TK-TRAIL-005", Verdict::Unknown("Allow kms:DescribeKey & try again".into())),
            finding(&catalogue, "TK-TRAIL-006", Verdict::Exempt(exempted)),
            finding(&catalogue, "TK-TRAIL-007", Verdict::NotApplicable("no home Region is prescribed".into())),
        ],
        unread: vec!["us-west-2: Allow cloudtrail:DescribeTrails".into()],
        verified: Vec::new(),
    }
}

/// What was verified of the trail's bucket: in it everything has happened that can.
pub fn verified() -> Verified {
    let mut outcome = crate::report::integrity::samples::tampered();
    outcome.bucket = "audit-logs".to_owned();
    let name = &evidence().accounts[0].trails[0].name;
    outcome.streams.iter_mut().for_each(|of| of.stream.trail.clone_from(name));
    outcome.gaps.iter_mut().for_each(|gap| gap.stream.trail.clone_from(name));
    let files = vec![ListedFile::of("results/outcome.json", "what verify wrote")];
    Verified { since: outcome.since, until: outcome.until, outcome, files }
}
