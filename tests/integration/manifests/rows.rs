//! What the API server refuses, by kind: a spec to lay over the smallest manifest, or a change of what names the AWS resource,
//! and the words of the refusal. Every rule of the CRDs has a row here or is listed with the test that breaks it.

/// What is wrong with a Trail, laid over the smallest one, and the words of the refusal.
pub const BAD_TRAILS: &[(&str, &str)] = &[
    ("region: Frankfurt", "spec.region must have the shape of an AWS Region"),
    ("region: eu-central", "spec.region must have the shape of an AWS Region"),
    ("globalServiceEvents: false", "spec.multiRegion needs spec.globalServiceEvents"),
    ("{organization: true, multiRegion: false}", "spec.organization needs spec.multiRegion"),
    ("bucket: {name: somebodys-logs}", "give exactly one of spec.archiveRef"),
    ("archiveRef: null", "give exactly one of spec.archiveRef"),
    ("trailName: ab", "spec.trailName must be 3 to 128"),
    ("trailName: a..b", "spec.trailName must be 3 to 128"),
    ("trailName: audit-", "spec.trailName must be 3 to 128"),
    ("trailName: 192.168.5.4", "not look like an IP address"),
    ("keyPrefix: /audit", "spec.keyPrefix must not begin or end with /"),
    ("keyPrefix: audit/", "spec.keyPrefix must not begin or end with /"),
    ("snsTopic: ''", "spec.snsTopic must be the name or ARN of a topic"),
    ("interval: 29s", "spec.interval must be at least 30s"),
    ("interval: soon", "spec.interval"),
    ("tags: {'aws:team': security}", "the prefixes aws: and trailkeeper.dev/ are taken"),
    ("tags: {'AWS:team': security}", "the prefixes aws: and trailkeeper.dev/ are taken"),
    ("tags: {'trailkeeper.dev/owner': me}", "the prefixes aws: and trailkeeper.dev/ are taken"),
    ("mode: Watch", "supported values: \"Enforce\", \"Observe\""),
    ("deletionPolicy: Keep", "supported values: \"Retain\", \"Delete\""),
    ("adoption: Ask", "supported values: \"Never\", \"IfUnowned\", \"Always\""),
    ("{archiveRef: null, bucket: {name: logs-of-others, kmsKey: somebodys-key}}", "spec.bucket.kmsKey must be a key ARN, a key id"),
    ("{snsTopic: theirs, notices: {}}", "give at most one of spec.snsTopic"),
    ("notices: {topicName: 'a.b'}", "spec.notices.topicName must have 1 to 256"),
    ("notices: {kmsKeyArn: alias/key}", "spec.notices.kmsKeyArn must be a key ARN"),
    ("cloudWatchLogs: {logGroup: {}}", "give exactly one of spec.cloudWatchLogs.roleArn"),
    ("cloudWatchLogs: {role: {}}", "give exactly one of spec.cloudWatchLogs.logGroupArn"),
    (
        "cloudWatchLogs: {logGroup: {}, role: {}, roleArn: 'arn:aws:iam::111111111111:role/r'}",
        "give exactly one of spec.cloudWatchLogs.roleArn",
    ),
    ("cloudWatchLogs: {logGroup: {retentionDays: 100}, role: {}}", "spec.cloudWatchLogs.logGroup.retentionDays must be one of 1, 3, 5"),
    ("cloudWatchLogs: {logGroup: {name: 'a b'}, role: {}}", "spec.cloudWatchLogs.logGroup.name must have 1 to 512"),
    ("cloudWatchLogs: {logGroup: {kmsKeyArn: alias/key}, role: {}}", "spec.cloudWatchLogs.logGroup.kmsKeyArn must be a key ARN"),
    ("cloudWatchLogs: {logGroup: {}, role: {name: 'a b'}}", "spec.cloudWatchLogs.role.name must have 1 to 64"),
    (
        "cloudWatchLogs: {logGroupArn: 'arn:aws:logs:eu-central-1:111111111111:log-group:audit', roleArn: 'arn:aws:iam::111111111111:role/r'}",
        "spec.cloudWatchLogs.logGroupArn must be the ARN of a log group and end in :*",
    ),
    (
        "cloudWatchLogs: {logGroupArn: 'arn:aws:logs:eu-central-1:111111111111:log-group:audit:*', roleArn: r}",
        "spec.cloudWatchLogs.roleArn must be the ARN of an IAM role",
    ),
    ("events: {management: {}, basic: [{}]}", "spec.events takes one form"),
    ("events: {basic: [{}], advanced: [{fieldSelectors: [{field: eventCategory, equals: [Management]}]}]}", "spec.events takes one form"),
    ("events: {management: {enabled: false}}", "spec.events must record something"),
    ("events: {management: {readWrite: ReadOnly}, insights: [{type: ApiCallRate}]}", "needs a trail that records write management events"),
    (
        "events: {advanced: [{fieldSelectors: [{field: eventCategory, equals: [Management]}, {field: readOnly, equals: ['true']}]}], insights: [{type: ApiCallRate}]}",
        "needs a trail that records write management events",
    ),
    ("events: {basic: [{readWriteType: ReadOnly}], insights: [{type: ApiCallRate}]}", "needs a trail that records write management events"),
    (
        "events: {management: {enabled: false}, data: [{resourceType: 'AWS::S3::Object'}], insights: [{type: ApiErrorRate}]}",
        "needs a trail that records management events",
    ),
    ("events: {insights: [{type: ApiErrorRate, categories: [Data]}]}", "the category Data needs a trail that records data events"),
    ("events: {insights: [{type: ApiErrorRate}, {type: ApiErrorRate}]}", "must not name a type twice"),
    ("events: {aggregation: {templates: [ApiActivity]}}", "spec.events.aggregation needs a trail that records data events"),
    (
        "events: {networkActivity: [{eventSource: kms.amazonaws.com}], advanced: [{fieldSelectors: [{field: eventCategory, equals: [Management]}]}]}",
        "takes one form",
    ),
    ("events: {data: [{resourceType: S3}]}", "must have the shape AWS::Service::Type"),
    ("events: {basic: [{}, {}, {}, {}, {}, {}]}", "must have at most 5 items"),
    ("events: {basic: []}", "should have at least 1 items"),
    (
        "events: {basic: [{dataResources: [{type: 'AWS::SQS::Queue', values: [q]}]}]}",
        "must be AWS::S3::Object, AWS::Lambda::Function or AWS::DynamoDB::Table",
    ),
    ("events: {basic: [{excludeManagementEventSources: [s3.amazonaws.com]}]}", "takes kms.amazonaws.com and rdsdata.amazonaws.com only"),
    ("events: {advanced: [{fieldSelectors: [{field: readOnly, equals: ['true']}]}]}", "needs exactly one fieldSelector eventCategory"),
    ("events: {advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}]}]}", "needs exactly one fieldSelector resources.type"),
    (
        "events: {advanced: [{fieldSelectors: [{field: eventCategory, equals: [NetworkActivity]}]}]}",
        "needs exactly one fieldSelector eventSource",
    ),
    (
        "events: {advanced: [{fieldSelectors: [{field: eventCategory, equals: [Management]}, {field: who, equals: [me]}]}]}",
        "must be a field that CloudTrail selects on",
    ),
    (
        "events: {advanced: [{fieldSelectors: [{field: eventCategory, equals: [Management]}, {field: readOnly}]}]}",
        "needs at least one operator with a value",
    ),
    // Alarms, on a trail that delivers to a log group.
    ("alarms: {baseline: CIS-7.0}", "spec.alarms needs spec.cloudWatchLogs: metric filters"),
    (
        "{cloudWatchLogs: {logGroup: {class: InfrequentAccess}, role: {}}, alarms: {baseline: CIS-7.0}}",
        "spec.alarms needs spec.cloudWatchLogs.logGroup.class Standard",
    ),
    (
        "{cloudWatchLogs: {logGroup: {}, role: {}}, alarms: {topicArn: 'arn:aws:sns:us-east-1:111111111111:t'}}",
        "spec.alarms.topicArn must be a topic of spec.region",
    ),
    (
        "{cloudWatchLogs: {logGroup: {}, role: {}}, alarms: {topicArn: 'arn:aws:sns:eu-central-1:111111111111:t', topic: {}}}",
        "spec.alarms takes topicArn (a topic that somebody else keeps) or topic",
    ),
    (
        "{cloudWatchLogs: {logGroup: {}, role: {}}, alarms: {topicArn: 'arn:aws:sns:eu-central-1:111111111111:t.fifo'}}",
        "spec.alarms.topicArn must be the ARN of a standard SNS topic",
    ),
    ("{cloudWatchLogs: {logGroup: {}, role: {}}, alarms: {topic: {name: 'a b'}}}", "spec.alarms.topic.name must be letters"),
    ("{cloudWatchLogs: {logGroup: {}, role: {}}, alarms: {topic: {kmsKeyArn: k}}}", "spec.alarms.topic.kmsKeyArn must be the ARN"),
    ("{cloudWatchLogs: {logGroup: {}, role: {}}, alarms: {metricNamespace: AWS/Mine}}", "must not begin with AWS/"),
    (
        "{cloudWatchLogs: {logGroup: {}, role: {}}, alarms: {custom: [{name: 'a b', pattern: p}]}}",
        "spec.alarms.custom[].name must be letters",
    ),
    (
        "{cloudWatchLogs: {logGroup: {}, role: {}}, alarms: {custom: [{name: a, pattern: p, periodSeconds: 45}]}}",
        "spec.alarms.custom[].periodSeconds must be 10, 30",
    ),
    (
        "{cloudWatchLogs: {logGroup: {}, role: {}}, alarms: {custom: [{name: a, pattern: p}, {name: a, pattern: q}]}}",
        "spec.alarms.custom must not name two alarms alike",
    ),
    // Responses.
    ("responses: [{name: a, targets: [{arn: 'arn:aws:sns:eu-central-1:111111111111:t'}]}]", "give exactly one of when"),
    (
        "responses: [{name: a_b, when: RootLogin, targets: [{arn: 'arn:aws:sns:eu-central-1:111111111111:t'}]}]",
        "spec.responses[].name must be letters",
    ),
    (
        "responses: [{name: a, when: RootLogin, regions: [here], targets: [{arn: 'arn:aws:sns:eu-central-1:111111111111:t'}]}]",
        "spec.responses[].regions must be AWS Regions",
    ),
    (
        "responses: [{name: a, when: RootLogin, targets: [{arn: 'arn:aws:sns:eu-central-1:111111111111:t.fifo'}]}]",
        "spec.responses[].targets[].arn must be the ARN of an SNS topic",
    ),
    (
        "responses: [{name: a, when: RootLogin, targets: [{arn: 'arn:aws:sns:us-east-1:111111111111:t'}]}]",
        "spec.responses[].targets[].arn must be in the trail's home Region",
    ),
    (
        "{multiRegion: false, responses: [{name: a, when: RootLogin, regions: [us-east-1], targets: [{arn: 'arn:aws:sns:eu-central-1:111111111111:t'}]}]}",
        "spec.responses[].regions of a trail that is not multiRegion",
    ),
    ("{organization: true, region: af-south-1}", "spec.region must be on by default in every account"),
    (
        "{organization: true, organizationSetup: {registerDelegatedAdministrator: me}}",
        "spec.organizationSetup.registerDelegatedAdministrator must be a 12-digit",
    ),
    (
        "events: {data: [{resourceType: 'AWS::S3::Object'}], aggregation: {templates: [ApiActivity, ApiActivity]}}",
        "spec.events.aggregation.templates must not name a template twice",
    ),
    (
        "events: {insights: [{type: ApiErrorRate, categories: [Management, Management]}]}",
        "spec.events.insights[].categories must not name a category twice",
    ),
    ("events: {networkActivity: [{eventSource: kms}]}", "events.networkActivity[].eventSource must be a service"),
    ("loging: true", ".spec.loging: field not declared in schema"),
];

pub const BAD_ARCHIVES: &[(&str, &str)] = &[
    ("bucketName: Logs", "spec.bucketName must be 3 to 63 lower-case letters"),
    ("bucketName: a..logs", "spec.bucketName must be 3 to 63 lower-case letters"),
    ("bucketName: 10.0.0.1", "not look like an IP address"),
    ("region: here", "spec.region must have the shape of an AWS Region"),
    ("encryption: {type: ExistingKey}", "spec.encryption.existingKeyArn goes with type ExistingKey"),
    (
        "encryption: {existingKeyArn: 'arn:aws:kms:eu-central-1:111111111111:key/k'}",
        "spec.encryption.existingKeyArn goes with type ExistingKey",
    ),
    ("encryption: {type: ExistingKey, existingKeyArn: alias/logs}", "spec.encryption.existingKeyArn must be a key ARN"),
    ("integrity: {interval: 5m}", "spec.integrity.interval must be at least 10m"),
    ("encryption: {type: S3Managed, key: {rotation: true}}", "spec.encryption.key goes with type OwnKey only"),
    (
        "retention: {transitions: [{afterDays: 90, storageClass: GLACIER}, {afterDays: 30, storageClass: STANDARD_IA}]}",
        "spec.retention.transitions must be in ascending order",
    ),
    (
        "retention: {transitions: [{afterDays: 90, storageClass: GLACIER}, {afterDays: 90, storageClass: DEEP_ARCHIVE}]}",
        "spec.retention.transitions must be in ascending order",
    ),
    (
        "retention: {transitions: [{afterDays: 90, storageClass: GLACIER}, {afterDays: 190, storageClass: GLACIER_IR}]}",
        "spec.retention.transitions must lead to ever colder storage classes",
    ),
    ("retention: {transitions: [{afterDays: 29, storageClass: STANDARD_IA}]}", "after 30 days at the earliest"),
    (
        "retention: {transitions: [{afterDays: 30, storageClass: ONEZONE_IA}, {afterDays: 59, storageClass: GLACIER}]}",
        "from there on after 30 more",
    ),
    (
        "retention: {expireAfterDays: 90, transitions: [{afterDays: 90, storageClass: GLACIER}]}",
        "spec.retention.expireAfterDays must be greater than the afterDays of every transition",
    ),
    ("{objectLock: {mode: Compliance, days: 30}, versioning: Suspended}", "spec.objectLock needs spec.versioning Enabled"),
    ("objectLock: {mode: Compliance}", "spec.objectLock must give exactly one of days and years"),
    ("objectLock: {mode: Compliance, days: 30, years: 1}", "spec.objectLock must give exactly one of days and years"),
    ("{accessLogging: {bucketName: some-logs}, bucketName: some-logs}", "every access log would be logged in turn"),
    (
        "{replication: {roleArn: 'arn:aws:iam::111111111111:role/r', destinationBucketArn: 'arn:aws:s3:::copies'}, versioning: Suspended}",
        "spec.replication needs spec.versioning Enabled",
    ),
    (
        "replication: {roleArn: 'arn:aws:iam::111111111111:role/r', destinationBucketArn: 'arn:aws:s3:::copies'}",
        "spec.replication.kmsKeyArn must be given where the archive is encrypted with KMS",
    ),
    (
        "{replication: {roleArn: 'arn:aws:iam::111111111111:role/r', destinationBucketArn: 'arn:aws:s3:::some-logs'}, bucketName: some-logs}",
        "spec.replication.destinationBucketArn must be another bucket",
    ),
    (
        "replication: {roleArn: copier, destinationBucketArn: copies, destinationAccountId: '1', kmsKeyArn: alias/x}",
        "spec.replication.roleArn must be the ARN of an IAM role",
    ),
    (
        "replication: {roleArn: 'arn:aws:iam::111111111111:role/r', destinationBucketArn: copies, kmsKeyArn: 'arn:aws:kms:eu-central-1:111111111111:key/k'}",
        "spec.replication.destinationBucketArn must be the ARN of a bucket",
    ),
    (
        "replication: {roleArn: 'arn:aws:iam::111111111111:role/r', destinationBucketArn: 'arn:aws:s3:::copies', kmsKeyArn: alias/x}",
        "spec.replication.kmsKeyArn must be a key ARN",
    ),
    (
        "replication: {roleArn: 'arn:aws:iam::111111111111:role/r', destinationBucketArn: 'arn:aws:s3:::copies', destinationAccountId: '1'}",
        "spec.replication.destinationAccountId must be 12 digits",
    ),
    // Readers.
    ("readers: [{name: siem}]", "spec.readers takes either principal or role"),
    (
        "readers: [{name: siem, principal: '222222222222', role: {trustedPrincipal: '222222222222'}}]",
        "spec.readers takes either principal or role",
    ),
    ("readers: [{name: SIEM, principal: '222222222222'}]", "spec.readers.name must be lower-case"),
    ("readers: [{name: siem, principal: '*'}]", "spec.readers.principal must be the ARN"),
    ("readers: [{name: siem, principal: 'arn:aws:iam::222222222222:role/*'}]", "spec.readers.principal must be the ARN"),
    ("readers: [{name: siem, principal: '222222222222', prefix: 'AWSLogs/*'}]", "spec.readers.prefix must be plain text"),
    ("readers: [{name: siem, principal: '222222222222', prefix: /AWSLogs}]", "spec.readers.prefix must be plain text"),
    ("readers: [{name: siem, role: {trustedPrincipal: somebody}}]", "spec.readers.role.trustedPrincipal must be the ARN"),
    ("readers: [{name: siem, role: {trustedPrincipal: '222222222222', externalId: 'a b'}}]", "spec.readers.role.externalId takes letters"),
    // Notices of new files.
    ("newFiles: {topicName: a.fifo}", "spec.newFiles.topicName takes letters"),
    ("newFiles: {queue: {name: a.fifo}}", "spec.newFiles.queue.name takes letters"),
    ("newFiles: {subscribers: ['*']}", "spec.newFiles.subscribers must be 12-digit"),
    ("newFiles: {kmsKeyArn: alias/aws/sns}", "spec.newFiles.kmsKeyArn must be a key ARN"),
    // Analysis.
    ("{bucketName: some-logs, analysis: {resultsBucket: some-logs}}", "spec.analysis.resultsBucket must not be spec.bucketName"),
    ("analysis: {resultsBucket: results, workgroup: 'a b'}", "spec.analysis.workgroup takes letters"),
    ("analysis: {resultsBucket: results, database: Audit}", "spec.analysis.database takes lower case"),
    ("analysis: {resultsBucket: results, table: cloud-trail}", "spec.analysis.table takes lower case"),
    ("analysis: {resultsBucket: results, resultsPrefix: a/}", "spec.analysis.resultsPrefix must not begin or end with /"),
    ("analysis: {resultsBucket: results, resultsKmsKeyArn: alias/x}", "spec.analysis.resultsKmsKeyArn must be a key ARN"),
    ("analysis: {resultsBucket: results, organizationId: o-1}", "spec.analysis.organizationId must have the form"),
    ("analysis: {resultsBucket: results, bytesScannedCutoff: 1}", "should be greater than or equal to 10000000"),
    ("residency: {allowedRegions: [us-east-1]}", "spec.region must be one of spec.residency.allowedRegions"),
    (
        "{residency: {allowedRegions: [eu-central-1]}, encryption: {type: ExistingKey, existingKeyArn: 'arn:aws:kms:us-east-1:111111111111:key/k'}}",
        "spec.encryption.existingKeyArn must be in one of spec.residency.allowedRegions",
    ),
    ("retention: {expireAfterDays: 0}", "spec.retention.expireAfterDays"),
    ("encryption: {key: {alias: aws/logs}}", "may not begin with aws/"),
    ("encryption: {key: {rotationPeriodDays: 89}}", "should be greater than or equal to 90"),
    ("encryption: {key: {deletionWindowDays: 31}}", "should be less than or equal to 30"),
    ("interval: 10s", "spec.interval must be at least 30s"),
    ("tags: {'aws:a': b}", "the prefixes aws: and trailkeeper.dev/ are taken"),
    ("publicAccessBlock: {all: true}", ".spec.publicAccessBlock.all: field not declared in schema"),
];

pub const BAD_ACCOUNTS: &[(&str, &str)] = &[
    ("accountId: '12345'", "must be the 12-digit AWS account id, in quotes"),
    ("accountId: 111111111111", "expected string"),
    ("regions: [moon]", "spec.regions must be AWS Regions"),
    ("region: moon", "spec.region must have the shape of an AWS Region"),
    ("partition: aws-moon", "supported values: \"aws\", \"aws-cn\", \"aws-us-gov\""),
    ("interval: 1s", "spec.interval must be at least 30s"),
    ("credentials: {assumeRoles: [{roleArn: 'arn:aws:iam::1:user/me'}]}", "roleArn must be the ARN of an IAM role"),
    ("credentials: {assumeRoles: [{roleArn: 'arn:aws:iam::111111111111:role/r', externalId: x}]}", "should be at least 2 chars long"),
];

pub const BAD_STORES: &[(&str, &str)] = &[
    ("region: moon", "spec.region must have the shape of an AWS Region"),
    ("interval: 1s", "spec.interval must be at least 30s"),
    ("tags: {'aws:a': b}", "the prefixes aws: and trailkeeper.dev/ are taken"),
    ("retentionDays: 6", "greater than or equal to 7"),
    ("{billingMode: Fixed, retentionDays: 2558}", "spec.retentionDays must be at most 2557"),
    ("storeName: a b", "spec.storeName must be"),
    ("kmsKeyArn: alias/key", "spec.kmsKeyArn must be a key ARN"),
    ("selectors: {basic: [{}]}", "spec.selectors.basic must be unset"),
    (
        "{eventCategory: Insight, insights: {destinationArn: 'arn:aws:cloudtrail:eu-central-1:111111111111:eventdatastore/a'}}",
        "must be unset unless spec.eventCategory is CloudTrail",
    ),
    ("{eventCategory: Evidence, ingestion: Stopped}", "spec.ingestion must be Enabled"),
    ("import: {s3Uri: 's3://logs/', roleArn: r}", "spec.import.roleArn must be the ARN"),
    ("federation: {roleArn: r}", "spec.federation.roleArn must be"),
    ("insights: {destinationArn: x}", "spec.insights.destinationArn must be"),
    (
        "insights: {destinationArn: 'arn:aws:cloudtrail:eu-central-1:111111111111:eventdatastore/a', types: [ApiCallRate, ApiCallRate]}",
        "spec.insights.types must name a type once",
    ),
    ("import: {s3Uri: logs, roleArn: 'arn:aws:iam::111111111111:role/r'}", "spec.import.s3Uri must be"),
    (
        "import: {s3Uri: 's3://logs/', roleArn: 'arn:aws:iam::111111111111:role/r', startTime: '2025-01-01T00:00:00Z', endTime: '2024-01-01T00:00:00Z'}",
        "spec.import.startTime must not be after",
    ),
    (
        "selectors: {data: [{resourceType: 'AWS::A::A'}, {resourceType: 'AWS::B::B'}, {resourceType: 'AWS::C::C'}, {resourceType: 'AWS::D::D'}, {resourceType: 'AWS::E::E'}]}",
        "spec.selectors must come to at most 5 selectors",
    ),
];

pub const BAD_POLICIES: &[(&str, &str)] = &[
    ("rules: {include: [TK-TRAIL-3]}", "spec.rules.include must hold ids of rules"),
    ("rules: {exclude: [trail-003]}", "spec.rules.exclude must hold ids of rules"),
    ("severities: {trail: High}", "spec.severities: a key must be the id of a rule"),
    (
        "exemptions: [{rule: TK-TRAIL, reason: known, approver: security, expires: '2030-01-01T00:00:00Z'}]",
        "spec.exemptions[].rule must be the id of a rule",
    ),
];

/// A spec over the smallest one, a change of it, and the words of the refusal.
pub type Change = (&'static str, &'static str, &'static str);

pub const CHANGED_ACCOUNTS: &[Change] = &[
    ("{partition: aws}", "accountId: '222222222222'", "spec.accountId is immutable"),
    ("{partition: aws}", "partition: aws-cn", "spec.partition is immutable"),
];

pub const CHANGED_ARCHIVES: &[Change] = &[
    ("{}", "accountRef: {name: other}", "spec.accountRef is immutable: a bucket cannot move to another account"),
    ("{}", "region: us-east-1", "spec.region is immutable: a bucket cannot move to another Region"),
    ("{}", "bucketName: another-bucket", "spec.bucketName is immutable"),
    ("encryption: {key: {alias: logs}}", "encryption: {key: {alias: moved}}", "spec.encryption.key.alias is immutable"),
    ("analysis: {resultsBucket: results, workgroup: w}", "analysis: {workgroup: v}", "spec.analysis.workgroup is immutable: Athena cannot"),
    (
        "analysis: {resultsBucket: results, database: d}",
        "analysis: {database: e}",
        "spec.analysis.database is immutable: a database cannot",
    ),
    ("analysis: {resultsBucket: results}", "analysis: {table: t}", "spec.analysis.table is immutable: a table cannot be renamed"),
    ("analysis: {resultsBucket: results}", "analysis: {workgroup: w}", "can be neither added nor removed later"),
    ("analysis: {resultsBucket: results, database: d}", "analysis: {database: null}", "can be neither added nor removed later"),
];

pub const CHANGED_TRAILS: &[Change] = &[
    ("{}", "accountRef: {name: other}", "spec.accountRef is immutable: a trail cannot move to another account"),
    ("{}", "region: us-east-1", "spec.region is immutable: a trail cannot leave its home Region"),
    ("{}", "trailName: late", "spec.trailName is immutable: it can be neither added nor removed later"),
    ("trailName: chosen", "trailName: renamed", "spec.trailName is immutable: AWS cannot rename a trail"),
    ("trailName: chosen", "trailName: null", "spec.trailName is immutable: it can be neither added nor removed later"),
];

pub const CHANGED_STORES: &[Change] = &[
    ("{}", "accountRef: {name: other}", "spec.accountRef is immutable: a store cannot move to another account"),
    ("{}", "region: us-east-1", "spec.region is immutable: a store cannot move to another Region"),
    ("{}", "eventCategory: Evidence", "spec.eventCategory is immutable"),
    ("kmsKeyArn: 'arn:aws:kms:eu-central-1:111111111111:key/k'", "kmsKeyArn: null", "spec.kmsKeyArn must stay once it is set"),
    ("{}", "{billingMode: Fixed, retentionDays: 2557}", "spec.billingMode must stay Extendable"),
];

/// Rules that a computed manifest breaks: words of their message, and the test that does it.
pub const BROKEN_ELSEWHERE: &[(&str, &str)] = &[
    ("spec.keyPrefix may have at most 200 characters", "limits_of_number_and_length_are_told"),
    ("may name at most 250 data resources in all", "limits_of_number_and_length_are_told"),
    ("may hold at most 500 condition values in all", "limits_of_number_and_length_are_told"),
    ("metadata.name is no valid name of an event data store", "a_metadata_name_that_is_no_name_in_aws_needs_one"),
    ("metadata.name is no valid trail name", "a_metadata_name_that_is_no_name_in_aws_needs_one"),
];
