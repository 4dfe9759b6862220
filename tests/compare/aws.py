"""Brings an account of the simulated AWS to the state that a case describes, and writes the same state as Terraform."""

import json
import urllib.request

import boto3

REGION = "eu-west-1"


def merge(base, change):
    """JSON merge patch (RFC 7396)."""
    if not isinstance(change, dict) or not isinstance(base, dict):
        return change
    merged = dict(base)
    for key, value in change.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key, {}), value)
    return merged


class Account:
    """One account, named by its number; one trail `main` with all that it stands on."""

    def __init__(self, number, endpoint, state):
        self.number, self.endpoint, self.state = number, endpoint, state
        self.bucket = f"audit-{number}"
        self.other = f"other-{number}"
        self.trail_arn = f"arn:aws:cloudtrail:{REGION}:{number}:trail/main"
        session = boto3.Session(aws_access_key_id=number, aws_secret_access_key="any", region_name=REGION)
        self.client = lambda service: session.client(service, endpoint_url=endpoint)

    def bucket_policy(self):
        wanted = self.state["bucket"]["policy"]
        arn = f"arn:aws:s3:::{self.bucket}"
        condition = {"StringEquals": {"aws:SourceArn": self.trail_arn}} if wanted["source_arn"] else {}
        write = {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", **condition.get("StringEquals", {})}}
        service = {"Service": "cloudtrail.amazonaws.com"}
        check = {"Sid": "Check", "Effect": "Allow", "Principal": service, "Action": "s3:GetBucketAcl", "Resource": arn}
        if condition:
            check["Condition"] = condition
        statements = [
            check,
            {"Sid": "Write", "Effect": "Allow", "Principal": service, "Action": "s3:PutObject", "Resource": f"{arn}/AWSLogs/{self.number}/*", "Condition": write},
        ]
        if wanted["tls"]:
            insecure = {"Bool": {"aws:SecureTransport": "false"}}
            statements.append({"Sid": "Tls", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, f"{arn}/*"], "Condition": insecure})
        if wanted.get("public"):
            statements.append({"Sid": "Public", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{arn}/*"})
        return {"Version": "2012-10-17", "Statement": statements}

    def key_policy(self):
        condition = {"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": f"arn:aws:cloudtrail:*:{self.number}:trail/*"}}
        if self.state["key"]["source_arn"]:
            condition["StringEquals"] = {"aws:SourceArn": self.trail_arn}
        else:
            condition = None
        root = {"Sid": "Root", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{self.number}:root"}, "Action": "kms:*", "Resource": "*"}
        use = {"Sid": "Use", "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": ["kms:GenerateDataKey*", "kms:DescribeKey"], "Resource": "*"}
        if condition:
            use["Condition"] = condition
        return {"Version": "2012-10-17", "Statement": [root, use]}

    def make(self):
        self.make_bucket()
        self.services_key = self.client("kms").create_key(Policy=json.dumps(self.services_key_policy()))["KeyMetadata"]["Arn"]
        self.client("kms").enable_key_rotation(KeyId=self.services_key)
        key = self.make_key() if self.state["trail"]["kms"] else None
        self.make_trail(key)
        # A trail that has delivered nothing yet says nothing of its deliveries.
        self.client("sns").create_topic(Name="something")
        urllib.request.urlopen(urllib.request.Request(f"{self.endpoint}/_sim/deliver", method="POST"), timeout=60).close()
        if key and self.state["key"]["deletion"]:
            self.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=30)

    def services_key_policy(self):
        """Of the key that log group and topic are encrypted with."""
        root = {"Sid": "Root", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{self.number}:root"}, "Action": "kms:*", "Resource": "*"}
        logs = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{REGION}:{self.number}:log-group:*"}}
        actions = ["kms:GenerateDataKey*", "kms:Decrypt*", "kms:Encrypt*", "kms:ReEncrypt*", "kms:Describe*"]
        use = lambda sid, service, condition: {"Sid": sid, "Effect": "Allow", "Principal": {"Service": service}, "Action": actions, "Resource": "*", "Condition": condition}
        topic = {"StringEquals": {"aws:SourceArn": self.trail_arn}}
        return {"Version": "2012-10-17", "Statement": [root, use("Logs", f"logs.{REGION}.amazonaws.com", logs), use("Topic", "cloudtrail.amazonaws.com", topic)]}

    def make_bucket(self):
        s3, wanted = self.client("s3"), self.state["bucket"]
        for bucket in (self.bucket, self.other):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}, ObjectOwnership="BucketOwnerPreferred")
        names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        # A new bucket has all of it on, and then takes neither a public ACL nor a public policy.
        s3.delete_public_access_block(Bucket=self.bucket)
        if wanted["acl"] != "private":
            s3.put_bucket_acl(Bucket=self.bucket, ACL=wanted["acl"])
        if wanted.get("block"):
            s3.put_public_access_block(Bucket=self.bucket, PublicAccessBlockConfiguration=dict(zip(names, wanted["block"])))
        if wanted["versioning"]:
            s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        algorithm = {"SSEAlgorithm": "AES256"}
        s3.put_bucket_encryption(Bucket=self.bucket, ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": algorithm}]})
        if wanted.get("access_log"):
            target = {"LoggingEnabled": {"TargetBucket": self.other, "TargetPrefix": "access/"}}
            s3.put_bucket_logging(Bucket=self.bucket, BucketLoggingStatus=target)
        s3.put_bucket_lifecycle_configuration(Bucket=self.bucket, LifecycleConfiguration={"Rules": [self.lifecycle_rule()]})
        s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(self.bucket_policy()))

    def lifecycle_rule(self):
        wanted = self.state["bucket"]["lifecycle"]
        rule = {"ID": "keep", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": wanted["expire_days"]}}
        if "transition_days" in wanted:
            rule["Transitions"] = [{"Days": wanted["transition_days"], "StorageClass": "GLACIER"}]
        return rule

    def make_key(self):
        kms = self.client("kms")
        key = kms.create_key(Policy=json.dumps(self.key_policy()))["KeyMetadata"]["Arn"]
        if self.state["key"]["rotation"]:
            kms.enable_key_rotation(KeyId=key)
        return key

    def make_trail(self, key):
        wanted, more = self.state["trail"], {}
        if key:
            more["KmsKeyId"] = key
        if wanted["topic"]:
            more["SnsTopicName"] = self.make_topic()
        if wanted["logs"]:
            more["CloudWatchLogsLogGroupArn"], more["CloudWatchLogsRoleArn"] = self.make_log_group()
        trail = self.client("cloudtrail")
        trail.create_trail(
            Name="main", S3BucketName=self.bucket, IsMultiRegionTrail=wanted["multi_region"], IncludeGlobalServiceEvents=wanted["global"],
            EnableLogFileValidation=wanted["validation"], TagsList=[{"Key": name, "Value": value} for name, value in wanted["tags"].items()], **more,
        )
        trail.put_event_selectors(TrailName="main", **self.selectors())
        if self.state["insights"]:
            trail.put_insight_selectors(TrailName="main", InsightSelectors=[{"InsightType": kind} for kind in self.state["insights"]])
        if wanted["logging"]:
            trail.start_logging(Name="main")

    def make_topic(self):
        sns = self.client("sns")
        topic = sns.create_topic(Name="notices", Attributes={"KmsMasterKeyId": self.services_key})["TopicArn"]
        source = {"StringEquals": {"aws:SourceArn": self.trail_arn}}
        allow = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "SNS:Publish", "Resource": topic, "Condition": source}
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
        return topic

    def make_log_group(self):
        self.client("logs").create_log_group(logGroupName="audit", kmsKeyId=self.services_key)
        self.client("logs").put_retention_policy(logGroupName="audit", retentionInDays=365)
        group = f"arn:aws:logs:{REGION}:{self.number}:log-group:audit:*"
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
        rights = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": group}]}
        iam = self.client("iam")
        role = iam.create_role(RoleName="audit", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName="audit", PolicyName="write", PolicyDocument=json.dumps(rights))
        return group, role

    def selectors(self):
        wanted = self.state["selectors"]
        if "basic" in wanted:
            return {"EventSelectors": wanted["basic"]}
        names = {"field": "Field", "equals": "Equals", "not_equals": "NotEquals"}
        fields = lambda selector: [{names[name]: value for name, value in field.items()} for field in selector["fields"]]
        return {"AdvancedEventSelectors": [{"Name": selector["name"], "FieldSelectors": fields(selector)} for selector in wanted["advanced"]]}
