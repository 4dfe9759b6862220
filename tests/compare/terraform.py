"""A case as Terraform, as its user would write it."""

import json

REGION = "eu-west-1"


def hcl(value, depth=1):
    """A value in HCL. What is a list of dicts is a row of blocks, and is written by `block`."""
    if isinstance(value, str) and value.startswith("="):
        return value[1:]
    return json.dumps(value)


def block(kind, labels, body, depth=0):
    pad = "  " * depth
    head = " ".join([kind, *(json.dumps(label) for label in labels)])
    lines = [f"{pad}{head} {{"]
    for name, value in body.items():
        if isinstance(value, dict):
            lines.append(block(name, [], value, depth + 1))
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            lines.extend(block(name, [], item, depth + 1) for item in value)
        else:
            lines.append(f"{pad}  {name} = {hcl(value)}")
    lines.append(f"{pad}}}")
    return "\n".join(lines)


def selectors(wanted):
    if "basic" in wanted:
        names = {"ReadWriteType": "read_write_type", "IncludeManagementEvents": "include_management_events", "ExcludeManagementEventSources": "exclude_management_event_sources"}
        one = lambda basic: {
            **{names[name]: value for name, value in basic.items() if name in names},
            "data_resource": [{"type": data["Type"], "values": data["Values"]} for data in basic.get("DataResources", [])],
        }
        return {"event_selector": [one(basic) for basic in wanted["basic"]]}
    one = lambda selector: {"name": selector["name"], "field_selector": selector["fields"]}
    return {"advanced_event_selector": [one(selector) for selector in wanted["advanced"]]}


def write(account):
    """The whole account. References are by attribute, so that graph checks see them."""
    state, parts = account.state, []
    add = lambda kind, name, body: parts.append(block("resource", [kind, name], body))
    bucket = state["bucket"]
    for name in ("audit", "other"):
        add("aws_s3_bucket", name, {"bucket": account.bucket if name == "audit" else account.other})
    of = {"bucket": "=aws_s3_bucket.audit.id"}
    add("aws_s3_bucket_policy", "audit", {**of, "policy": json.dumps(account.bucket_policy())})
    add("aws_s3_bucket_acl", "audit", {**of, "acl": bucket["acl"]})
    if bucket.get("block"):
        names = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")
        add("aws_s3_bucket_public_access_block", "audit", {**of, **dict(zip(names, bucket["block"]))})
    if bucket["versioning"]:
        add("aws_s3_bucket_versioning", "audit", {**of, "versioning_configuration": {"status": "Enabled"}})
    if bucket.get("access_log"):
        add("aws_s3_bucket_logging", "audit", {**of, "target_bucket": "=aws_s3_bucket.other.id", "target_prefix": "access/"})
    rule = {"id": "keep", "status": "Enabled", "filter": {"prefix": ""}, "expiration": {"days": bucket["lifecycle"]["expire_days"]}}
    if "transition_days" in bucket["lifecycle"]:
        rule["transition"] = {"days": bucket["lifecycle"]["transition_days"], "storage_class": "GLACIER"}
    add("aws_s3_bucket_lifecycle_configuration", "audit", {**of, "rule": rule})
    trail = state["trail"]
    body = {
        "name": "main", "s3_bucket_name": "=aws_s3_bucket.audit.id", "is_multi_region_trail": trail["multi_region"],
        "include_global_service_events": trail["global"], "enable_log_file_validation": trail["validation"], "enable_logging": trail["logging"],
    }
    if trail["kms"]:
        key = {"enable_key_rotation": state["key"]["rotation"], "policy": json.dumps(account.key_policy())}
        add("aws_kms_key", "audit", key)
        body["kms_key_id"] = "=aws_kms_key.audit.arn"
    add("aws_kms_key", "services", {"enable_key_rotation": True, "policy": json.dumps(account.services_key_policy())})
    if trail["topic"]:
        add("aws_sns_topic", "notices", {"name": "notices", "kms_master_key_id": "=aws_kms_key.services.arn"})
        body["sns_topic_name"] = "=aws_sns_topic.notices.arn"
    if trail["logs"]:
        add("aws_cloudwatch_log_group", "audit", {"name": "audit", "retention_in_days": 365, "kms_key_id": "=aws_kms_key.services.arn"})
        add("aws_iam_role", "audit", {"name": "audit", "assume_role_policy": "{}"})
        body["cloud_watch_logs_group_arn"] = '="${aws_cloudwatch_log_group.audit.arn}:*"'
        body["cloud_watch_logs_role_arn"] = "=aws_iam_role.audit.arn"
    body.update(selectors(state["selectors"]))
    body["insight_selector"] = [{"insight_type": kind} for kind in state["insights"]]
    add("aws_cloudtrail", "main", {name: value for name, value in body.items() if value != []})
    return "\n\n".join(parts) + "\n"
