//! STS as far as moto falls short: who the caller is, and AssumeRole only where the role's trust policy allows it.
//! What the caller's own identity policy says is not judged.

use crate::aws_error::AwsError;
use crate::backend::At;
use crate::identity::{Caller, PrincipalKind, Session};
use crate::policy::{Context, Decision, Principal, Request, evaluate};
use crate::wire::{Answer, Call};
use crate::world::World;
use jiff::Timestamp;

pub async fn handle(world: &World, call: &Call) -> Result<Answer, AwsError> {
    match call.operation.as_str() {
        "GetCallerIdentity" => Ok(caller_identity(call)),
        "AssumeRole" => assume_role(world, call).await,
        _ => world.backend.forward(call).await,
    }
}

fn caller_identity(call: &Call) -> Answer {
    let Caller { account, arn, principal_id, .. } = &call.caller;
    let id = &call.request_id;
    let xml = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>{arn}</Arn><UserId>{principal_id}</UserId><Account>{account}</Account></GetCallerIdentityResult>\
         <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    );
    Answer::xml(xml, id)
}

async fn assume_role(world: &World, call: &Call) -> Result<Answer, AwsError> {
    let required = |name: &str| {
        call.form(name).filter(|value| !value.is_empty()).ok_or_else(|| {
            let field = format!("{}{}", name[..1].to_lowercase(), &name[1..]);
            AwsError::bad(
                "ValidationError",
                format!("1 validation error detected: Value null at '{field}' failed to satisfy constraint: Member must not be null"),
            )
        })
    };
    let role_arn = required("RoleArn")?;
    let session_name = required("RoleSessionName")?;
    check_session_name(&session_name)?;
    let refused = || {
        let message = format!("User: {} is not authorized to perform: sts:AssumeRole on resource: {role_arn}", call.caller.arn);
        AwsError::new(403, "AccessDenied", message)
    };
    let (account, role_name) =
        split_role_arn(&role_arn).ok_or_else(|| AwsError::bad("ValidationError", format!("{role_arn} is invalid")))?;
    let at = At { account, region: &call.region };
    let role = world.backend.role(at, role_name).await?.filter(|role| role.arn == role_arn).ok_or_else(refused)?;

    let context = Context::default()
        .with_some("sts:ExternalId", call.form("ExternalId"))
        .with("sts:RoleSessionName", &session_name)
        .with("aws:PrincipalArn", call.caller.policy_arns().last().copied().unwrap_or_default())
        .with("aws:PrincipalAccount", &call.caller.account)
        .with_some("aws:PrincipalOrgID", world.organizations.id_of(&call.caller.account))
        .with("aws:SecureTransport", "true");
    let request = Request { principal: Principal::Caller(&call.caller), action: "sts:AssumeRole", resource: None, context };
    if evaluate(&role.trust, &request) != Decision::Allowed {
        return Err(refused());
    }

    let answer = world.backend.forward(call).await?;
    learn(world, &answer, account, role_name, &role.id, &role_arn, &session_name, call);
    Ok(answer)
}

#[expect(clippy::too_many_arguments, reason = "one call site; each is a field of the session learned")]
fn learn(world: &World, answer: &Answer, account: &str, role_name: &str, role_id: &str, role_arn: &str, session_name: &str, call: &Call) {
    let (Some(access_key), Some(token)) = (answer.xml_text("AccessKeyId"), answer.xml_text("SessionToken")) else { return };
    let now = Timestamp::now();
    let expires = answer.xml_text("Expiration").and_then(|text| text.parse().ok()).unwrap_or(now);
    let partition = crate::identity::partition(&call.region);
    let caller = Caller {
        account: account.to_owned(),
        arn: format!("arn:{partition}:sts::{account}:assumed-role/{role_name}/{session_name}"),
        kind: PrincipalKind::AssumedRole,
        principal_id: format!("{role_id}:{session_name}"),
        access_key,
        user_name: None,
        session: Some(Session {
            role_arn: role_arn.to_owned(),
            role_name: role_name.to_owned(),
            role_id: role_id.to_owned(),
            created: world.clock.now(),
            expires,
        }),
    };
    world.identities.learn_session(caller, token);
}

fn check_session_name(name: &str) -> Result<(), AwsError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_=,.@-".contains(c);
    if (2..=64).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(AwsError::bad(
        "ValidationError",
        format!(
            "1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]{{2,64}}"
        ),
    ))
}

/// Account and name (without its path) of `arn:aws:iam::111111111111:role/path/name`.
pub fn split_role_arn(arn: &str) -> Option<(&str, &str)> {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "iam", "", account, resource] = fields[..] else { return None };
    let name = resource.strip_prefix("role/")?.rsplit('/').next()?;
    (crate::identity::is_account_id(account) && !name.is_empty()).then_some((account, name))
}
