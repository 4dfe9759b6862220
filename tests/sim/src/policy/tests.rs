use super::*;
use serde_json::json;

const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/main";

fn put_object(context: Context) -> Request<'static> {
    Request {
        principal: Principal::Service("cloudtrail.amazonaws.com"),
        action: "s3:PutObject",
        resource: Some("arn:aws:s3:::logs/AWSLogs/111111111111/CloudTrail/x"),
        context,
    }
}

fn allow(condition: Value) -> Value {
    json!({"Statement": {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:putobject",
        "Resource": ["arn:aws:s3:::other/*", "arn:aws:s3:::logs/AWSLogs/111111111111/*"], "Condition": condition}})
}

fn decide(condition: Value) -> Decision {
    let context = Context::default().with("aws:SourceArn", TRAIL).with("aws:SecureTransport", "true").with("s3:max-keys", "5");
    evaluate(&allow(condition), &put_object(context))
}

#[test]
fn conditions_decide_as_documented() {
    let allowed = [
        json!({}),
        json!({"StringEquals": {"AWS:sourcearn": TRAIL}}),
        json!({"StringEquals": {"aws:SourceArn": ["arn:other", TRAIL]}}),
        json!({"StringLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:111111111111:trail/*"}}),
        json!({"ArnLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:111111111111:trail/*"}}),
        json!({"StringNotEquals": {"aws:SourceArn": "x"}, "Bool": {"aws:SecureTransport": true}}),
        json!({"StringEqualsIfExists": {"aws:SourceAccount": "9"}}),
        json!({"StringNotEquals": {"aws:SourceAccount": "9"}}),
        json!({"Null": {"aws:SourceAccount": "true"}}),
        json!({"NumericLessThanEquals": {"s3:max-keys": "5"}}),
        json!({"ForAllValues:StringEquals": {"aws:TagKeys": "a"}}),
    ];
    for condition in allowed {
        assert_eq!(decide(condition.clone()), Decision::Allowed, "{condition}");
    }
    let refused = [
        json!({"StringEquals": {"aws:SourceArn": "arn:aws:cloudtrail:*:111111111111:trail/*"}}),
        json!({"StringEquals": {"aws:SourceArn": TRAIL.to_uppercase()}}),
        json!({"ArnLike": {"aws:SourceArn": "arn:aws:*:trail/main"}}),
        json!({"StringEquals": {"aws:SourceAccount": "9"}}),
        json!({"StringEquals": {"aws:SourceArn": TRAIL, "aws:SourceAccount": "9"}}),
        json!({"StringNotEquals": {"aws:SourceArn": TRAIL}}),
        json!({"Null": {"aws:SourceArn": "true"}}),
        json!({"NumericGreaterThan": {"s3:max-keys": 5}}),
        json!({"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}}),
        json!({"NoSuchOperator": {"aws:SourceArn": TRAIL}}),
    ];
    for condition in refused {
        assert_eq!(decide(condition.clone()), Decision::NotAllowed, "{condition}");
    }
}

#[test]
fn a_deny_wins_and_not_elements_turn_around() {
    let mut policy = allow(json!({}));
    let deny = json!({"Effect": "Deny", "Principal": "*", "NotAction": "s3:Get*", "NotResource": "arn:aws:s3:::other/*"});
    let statement = policy["Statement"].clone();
    policy["Statement"] = json!([statement, deny]);
    assert_eq!(evaluate(&policy, &put_object(Context::default())), Decision::Denied);
    policy["Statement"][1]["NotAction"] = json!("s3:Put*");
    assert_eq!(evaluate(&policy, &put_object(Context::default())), Decision::Allowed);
}

#[test]
fn an_unknown_operator_in_a_deny_denies() {
    let mut policy = allow(json!({"NoSuchOperator": {"a": "b"}}));
    policy["Statement"]["Effect"] = json!("Deny");
    assert_eq!(evaluate(&policy, &put_object(Context::default())), Decision::Denied);
}

#[test]
fn callers_are_named_by_account_user_role_or_session() {
    let caller = crate::identity::Identities::default().caller("111111111111-alice", None, "eu-west-1");
    let Ok(caller) = caller else { unreachable!("a 12-digit key is always known") };
    let decide = |principal: Value| {
        let policy = json!({"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]});
        let request =
            Request { principal: Principal::Caller(&caller), action: "sts:AssumeRole", resource: None, context: Context::default() };
        evaluate(&policy, &request)
    };
    for principal in [
        json!("*"),
        json!({"AWS": "111111111111"}),
        json!({"AWS": ["x", "arn:aws:iam::111111111111:root"]}),
        json!({"AWS": "arn:aws:iam::111111111111:user/alice"}),
    ] {
        assert_eq!(decide(principal.clone()), Decision::Allowed, "{principal}");
    }
    for principal in
        [json!({"AWS": "222222222222"}), json!({"AWS": "arn:aws:iam::111111111111:user/*"}), json!({"Service": "ec2.amazonaws.com"})]
    {
        assert_eq!(decide(principal.clone()), Decision::NotAllowed, "{principal}");
    }
}

#[test]
fn public_is_everybody_without_a_narrowing_condition() {
    let policy =
        |principal: Value, condition: Value| json!({"Statement": [{"Effect": "Allow", "Principal": principal, "Condition": condition}]});
    assert!(is_public(&policy(json!("*"), json!({}))));
    assert!(is_public(&policy(json!({"AWS": ["*"]}), json!({"Bool": {"aws:SecureTransport": "true"}}))));
    assert!(is_public(&policy(json!("*"), json!({"ArnLike": {"aws:SourceArn": "arn:aws:*"}}))));
    assert!(!is_public(&policy(json!("*"), json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}))));
    assert!(!is_public(&policy(json!({"Service": "cloudtrail.amazonaws.com"}), json!({}))));
}

#[test]
fn wildcards_match() {
    for (pattern, text, expected) in [
        ("*", "", true),
        ("a*c", "abbc", true),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("*b*", "abc", true),
        ("a", "ab", false),
        ("", "", true),
    ] {
        assert_eq!(wildcard(pattern, text), expected, "{pattern} {text}");
    }
}
