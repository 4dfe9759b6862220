"""Says whether IAM policies allow an AWS request: MiniStack's request parsing and policy evaluation behind one POST.

The simulated AWS asks it for sessions of the roles that a test put under enforcement, so that the policies which
`trailkeeper iam-policy` prints are judged by somebody else's code. It knows requests and policies, no state.

`CHECKS` says what a request is judged on where MiniStack names no resource or another one than AWS does, or where AWS asks
for more rights than the operation's own. Source: Service Authorization Reference, or the page that stands beside.
"""

import base64
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

from ministack.core.iam_actions import extract_iam_action, extract_resource_arn, request_tag_context
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

CLOUDTRAIL, EVENTS, LAKE_FORMATION, S3 = (name + ".amazonaws.com" for name in ("cloudtrail", "events", "lakeformation", "s3"))

# Actions that take no resource, whatever their parameters say.
WITHOUT_RESOURCE = {
    "cloudtrail:DescribeTrails", "cloudtrail:ListTrails", "cloudtrail:LookupEvents", "cloudtrail:ListPublicKeys",
    "cloudtrail:ListEventDataStores", "cloudtrail:ListImports", "cloudtrail:GetImport", "cloudtrail:StartImport",
    "cloudtrail:RegisterOrganizationDelegatedAdmin", "events:ListEventBuses", "events:ListRules", "kms:CreateKey", "kms:ListKeys",
    "iam:GetAccountAuthorizationDetails", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
    "organizations:DescribeOrganization", "organizations:EnableAWSServiceAccess", "organizations:ListAccounts",
    "organizations:ListAWSServiceAccessForOrganization", "organizations:ListDelegatedAdministrators",
    "s3:GetAccountPublicAccessBlock", "sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes",
}


class Asked:
    """A request, and how its account and Region write ARNs."""

    def __init__(self, request, action, body, query):
        self.request, self.action, self.body, self.query = request, action, body, query
        self.operation = action.split(":", 1)[1]
        try:
            self.json = json.loads(body) if body[:1] == b"{" else {}
        except ValueError:
            self.json = {}

    def arn(self, service, name, region=None):
        region = self.request["region"] if region is None else region
        return f"arn:aws:{service}:{region}:{self.request['account']}:{name}"

    def ministack(self):
        return extract_resource_arn(
            self.request["service"], self.request["method"], self.request["path"], self.request["headers"], self.body, self.query,
            self.request["region"], self.request["account"])


def pass_role(role, service):
    """IAM User Guide, "Grant a user permissions to pass a role to an AWS service"."""
    return [("iam:PassRole", role, {"iam:PassedToService": service})] if role else []


def for_the_organization(asked, does):
    """Dependent actions of a write for all members."""
    if not does:
        return []
    linked = asked.arn("iam", f"role/aws-service-role/{CLOUDTRAIL}/AWSServiceRoleForCloudTrail", region="")
    return [
        ("iam:CreateServiceLinkedRole", linked, {"iam:AWSServiceName": CLOUDTRAIL}), ("iam:GetRole", linked),
        ("organizations:ListAWSServiceAccessForOrganization", "*"),
    ]


def cloudtrail(asked):
    body, operation = asked.json, asked.operation
    named = [body.get(field) for field in ("Name", "TrailName", "ResourceId", "EventDataStore")] + body.get("ResourceIdList", [])
    # CreateEventDataStore names a store that has no id yet.
    if operation == "CreateEventDataStore":
        resources = [asked.arn("cloudtrail", "eventdatastore/new")]
    else:
        resources = [name if name.startswith("arn:") else asked.arn("cloudtrail", f"trail/{name}") for name in named if name]
    if asked.action in WITHOUT_RESOURCE:
        resources = ["*"]
    checks = [(asked.action, resource) for resource in resources]
    if operation in ("CreateTrail", "CreateEventDataStore") and body.get("TagsList"):
        checks += [("cloudtrail:AddTags", resource) for resource in resources]
    if operation in ("CreateTrail", "UpdateTrail"):
        checks += pass_role(body.get("CloudWatchLogsRoleArn"), CLOUDTRAIL)
        checks += for_the_organization(asked, body.get("IsOrganizationTrail"))
    if operation in ("CreateEventDataStore", "UpdateEventDataStore"):
        checks += [(action, body["KmsKeyId"]) for action in ("kms:GenerateDataKey", "kms:Decrypt") if body.get("KmsKeyId")]
        checks += for_the_organization(asked, body.get("OrganizationEnabled"))
    if operation == "StartImport":
        checks += pass_role(body.get("ImportSource", {}).get("S3", {}).get("S3BucketAccessRoleArn"), CLOUDTRAIL)
    if operation in ("EnableFederation", "DisableFederation"):
        checks += federation(asked, body["EventDataStore"].rsplit("/", 1)[1])
    if operation == "RegisterOrganizationDelegatedAdmin":
        member = f"arn:aws:organizations::{asked.request['account']}:account/o-id/{body['MemberAccountId']}"
        checks += [("organizations:RegisterDelegatedAdministrator", member, {"organizations:ServicePrincipal": CLOUDTRAIL})]
        checks += for_the_organization(asked, True)
    return checks


def federation(asked, store):
    """CloudTrail User Guide, "Federate an event data store": required permissions for enabling and for disabling it."""
    glue = [asked.arn("glue", name) for name in ("catalog", "database/aws:cloudtrail", f"table/aws:cloudtrail/{store}")]
    catalog = asked.arn("lakeformation", f"catalog:{asked.request['account']}")
    if asked.operation == "DisableFederation":
        return [("glue:DeleteTable", resource) for resource in glue] + [("lakeformation:DeregisterResource", catalog)]
    glue.append(asked.arn("glue", "connection/aws:cloudtrail"))
    role = asked.json["FederationRoleArn"]
    checks = [("iam:GetRole", role), *pass_role(role, LAKE_FORMATION)]
    checks += [(action, resource) for action in ("glue:CreateDatabase", "glue:CreateTable", "glue:PassConnection") for resource in glue]
    return checks + [(action, catalog) for action in ("lakeformation:RegisterResource", "lakeformation:DeregisterResource")]


def kms(asked):
    if asked.action in WITHOUT_RESOURCE:
        # A key that is made with tags has no id yet.
        tags = [("kms:TagResource", asked.arn("kms", "key/new"))] if asked.json.get("Tags") else []
        return [(asked.action, "*"), *tags]
    if asked.operation.endswith("Alias"):
        # KMS Developer Guide, "Controlling access to aliases": the alias and the key, each by its own ARN.
        key = asked.json.get("TargetKeyId")
        checks = [(asked.action, asked.arn("kms", asked.json["AliasName"]))]
        return checks + ([(asked.action, key if key.startswith("arn:") else asked.arn("kms", f"key/{key}"))] if key else [])
    # The same page: elsewhere a key that is named by its alias is judged by the key's ARN.
    resource = asked.ministack()
    place, alias, name = resource.partition(":alias/")
    aliases = {"kms:ResourceAliases": [f"alias/{name}"]} if alias else {}
    return [(asked.action, f"{place}:key/behind-alias" if alias else resource, aliases)]


def s3(asked):
    if asked.action in WITHOUT_RESOURCE:
        return [(asked.action, "*")]
    bucket = asked.ministack()
    checks = [(asked.action, bucket)]
    if asked.action == "s3:CreateBucket":
        # API Reference, CreateBucket: permissions.
        if b"<Tag>" in asked.body:
            checks.append(("s3:TagResource", bucket))
        if asked.request["headers"].get("x-amz-bucket-object-lock-enabled", "").lower() == "true":
            checks += [("s3:PutBucketObjectLockConfiguration", bucket), ("s3:PutBucketVersioning", bucket)]
    if asked.action == "s3:PutReplicationConfiguration" and b"<Role>" in asked.body:
        checks += pass_role(asked.body.split(b"<Role>")[1].split(b"</Role>")[0].decode(), S3)
    return checks


def sns(asked):
    if asked.action in WITHOUT_RESOURCE:
        return [(asked.action, "*")]
    topic = asked.query.get("ResourceArn") or asked.ministack()
    # API Reference, CreateTopic: with tags.
    tagged = asked.operation == "CreateTopic" and any(name.startswith("Tags.") for name in asked.query)
    return [(asked.action, topic)] + ([("sns:TagResource", topic)] if tagged else [])


def sqs(asked):
    # API Reference, CreateQueue: with tags.
    tagged = asked.operation == "CreateQueue" and (asked.json.get("tags") or asked.json.get("Tags"))
    queue = asked.ministack()
    return [(asked.action, queue)] + ([("sqs:TagQueue", queue)] if tagged else [])


def iam(asked):
    # API Reference, CreateRole: with tags.
    tagged = asked.operation == "CreateRole" and any(name.startswith("Tags.") for name in asked.query)
    role = asked.ministack()
    return [(asked.action, role)] + ([("iam:TagRole", role)] if tagged else [])


def logs(asked):
    """CloudWatch Logs User Guide, "Overview of managing access": tags on the group's ARN, everything else on that with `:*`."""
    if asked.action in WITHOUT_RESOURCE:
        return [(asked.action, "*")]
    if asked.json.get("resourceArn"):
        return [(asked.action, asked.json["resourceArn"])]
    group = asked.arn("logs", f"log-group:{asked.json['logGroupName']}")
    # API Reference, CreateLogGroup: with tags.
    tagged = asked.operation == "CreateLogGroup" and asked.json.get("tags")
    return [(asked.action, f"{group}:*")] + ([("logs:TagResource", group)] if tagged else [])


def events(asked):
    body, operation = asked.json, asked.operation
    if asked.action in WITHOUT_RESOURCE:
        return [(asked.action, "*")]
    if operation.endswith("EventBus"):
        resource = asked.arn("events", f"event-bus/{body['Name']}")
    else:
        bus, rule = body.get("EventBusName", "default"), body.get("Rule") or body.get("Name")
        resource = asked.arn("events", f"rule/{rule}" if bus == "default" else f"rule/{bus}/{rule}")
    # API Reference, PutRule and CreateEventBus: with tags.
    checks = [(asked.action, resource)] + ([("events:TagResource", resource)] if body.get("Tags") else [])
    return checks + [check for target in body.get("Targets", []) for check in pass_role(target.get("RoleArn"), EVENTS)]


def monitoring(asked):
    alarms = asked.json.get("AlarmNames") or [asked.json.get("AlarmName") or "*"]
    # What is found by prefix is judged on all alarms.
    return [(asked.action, asked.arn("cloudwatch", f"alarm:{alarm}")) for alarm in alarms]


def glue(asked):
    body, operation = asked.json, asked.operation
    if body.get("ResourceArn"):
        return [(asked.action, body["ResourceArn"])]
    database = body.get("DatabaseName") or body.get("Name") or body["DatabaseInput"]["Name"]
    names = ["catalog", f"database/{database}"]
    if operation.endswith("Table"):
        names.append(f"table/{database}/{body.get('Name') or body['TableInput']['Name']}")
    if operation == "DeleteDatabase":
        names += [f"table/{database}/held", f"userDefinedFunction/{database}/held"]
    # Glue Developer Guide, "AWS tags in AWS Glue": on creation too.
    tags = [("glue:TagResource", asked.arn("glue", names[1]))] if body.get("Tags") else []
    return [(asked.action, asked.arn("glue", name)) for name in names] + tags


def athena(asked):
    """A named query that is called by its id is in a workgroup that only Athena knows: judged on any that the policies name."""
    body = asked.json
    if body.get("ResourceARN"):
        return [(asked.action, body["ResourceARN"])]
    named = body.get("WorkGroup") or (body.get("Name") if asked.operation.endswith("WorkGroup") else None)
    if named:
        checks = [(asked.action, asked.arn("athena", f"workgroup/{named}"))]
        return checks + ([("athena:TagResource", checks[0][1])] if body.get("Tags") else [])
    statements = [statement for policy in asked.request["policies"] for statement in policy["Statement"]]
    resources = [statement["Resource"] for statement in statements if asked.action in statement["Action"]]
    return [(asked.action, resources[0][0] if resources else "*")]


def organizations(asked):
    service = asked.json.get("ServicePrincipal")
    return [(asked.action, "*", {"organizations:ServicePrincipal": service} if service else {})]


def account(asked):
    return [(asked.action, asked.arn("account", "account", region=""))]


def function(asked):
    return [(asked.action, asked.ministack())]


# By MiniStack's name of the service. Whatever has no entry is refused.
CHECKS = {
    "account": account, "athena": athena, "cloudtrail": cloudtrail, "events": events, "glue": glue, "iam": iam, "kms": kms,
    "lambda": function, "logs": logs, "monitoring": monitoring, "organizations": organizations, "s3": s3, "sns": sns, "sqs": sqs,
}


def judge(request):
    body = base64.b64decode(request["body"])
    query = dict(parse_qsl(request["query"], keep_blank_values=True))
    if "x-www-form-urlencoded" in request["headers"].get("content-type", ""):
        query.update(parse_qsl(body.decode(), keep_blank_values=True))
    action = extract_iam_action(request["service"], request["method"], request["path"], request["headers"], body, query)
    if action is None and request["service"] in ("account", "monitoring"):
        # MiniStack finds neither the paths of Account Management nor those of RPC v2.
        action = f"{'cloudwatch' if request['service'] == 'monitoring' else 'account'}:{request['operation']}"
    if request["operation"].endswith("AccountPublicAccessBlock"):
        # MiniStack takes the paths of S3 Control for a bucket's.
        action = f"s3:{request['operation']}"
    if action is None or request["service"] not in CHECKS:
        return {"allowed": False, "action": action or f"{request['service']}:{request['operation']}", "resource": "*"}
    tags = {key.lower(): value for key, value in request_tag_context(request["service"], action, body, query).items()}
    policies = [parse_policy_document(policy) for policy in request["policies"]]
    for action, resource, *more in CHECKS[request["service"]](Asked(request, action, body, query)):
        context = {"aws:tagkeys": None, **tags, **{key.lower(): value for keys in more for key, value in keys.items()}}
        asked = EvalContext(
            principal_arn=request["principal"], principal_type="AssumedRole", principal_account=request["account"],
            action=action, resource_arn=resource, region=request["region"], service_context=context)
        if evaluate(asked, policies).decision != "Allow":
            return {"allowed": False, "action": action, "resource": resource}
    return {"allowed": True, "action": action, "resource": "*"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        answer = json.dumps(judge(json.loads(self.rfile.read(int(self.headers["content-length"]))))).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


# Ends when the simulation does, however it ends: only then does standard input close.
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(json.dumps({"endpoint": f"http://127.0.0.1:{server.server_address[1]}"}), flush=True)
server.serve_forever()
