//! What somebody could change behind the operator's back, changed.

use crate::support::World;
use crate::support::world::REGION;
use aws_sdk_cloudtrail::types::{self as cloudtrail, EventSelector, ReadWriteType};
use aws_sdk_iam::types as iam;
use aws_sdk_kms::types as kms;
use aws_sdk_s3::types as s3;
use aws_sdk_sns::types as sns;
use serde_json::{Value, json};

/// The alarms, filters, rules and roles of the operator begin like this.
const OURS: &str = "trailkeeper-";

impl World {
    /// Every field of the trail that somebody could change behind our back is changed.
    pub async fn tamper_with_trail(&self) {
        let (client, trail) = (&self.cloudtrail, self.trail_arn("audit"));
        client.stop_logging().name(&trail).send().await.unwrap();
        client.update_trail().name(&trail).enable_log_file_validation(false).send().await.unwrap();
        let insight = cloudtrail::InsightSelector::builder().insight_type(cloudtrail::InsightType::ApiErrorRateInsight).build();
        client.put_insight_selectors().trail_name(&trail).insight_selectors(insight).send().await.unwrap();
        let summary = cloudtrail::AggregationConfiguration::builder()
            .templates(cloudtrail::Template::ApiActivity)
            .event_category(cloudtrail::EventCategoryAggregation::Data)
            .build()
            .unwrap();
        client.put_event_configuration().trail_name(&trail).aggregation_configurations(summary).send().await.unwrap();
        let writes = EventSelector::builder().read_write_type(ReadWriteType::WriteOnly).include_management_events(true).build();
        client.put_event_selectors().trail_name(&trail).event_selectors(writes).send().await.unwrap();
        let stranger = cloudtrail::Tag::builder().key("stranger").value("x").build().unwrap();
        client.add_tags().resource_id(&trail).tags_list(stranger).send().await.unwrap();
        let team = cloudtrail::Tag::builder().key("team").build().unwrap();
        client.remove_tags().resource_id(&trail).tags_list(team).send().await.unwrap();
    }

    pub async fn tamper_with_bucket(&self) {
        let (client, bucket) = (&self.s3, self.bucket("logs"));
        client.delete_public_access_block().bucket(&bucket).send().await.unwrap();
        client.delete_bucket_policy().bucket(&bucket).send().await.unwrap();
        let target = s3::LoggingEnabled::builder().target_bucket(&bucket).target_prefix("x/").build().unwrap();
        let logging = s3::BucketLoggingStatus::builder().logging_enabled(target).build();
        client.put_bucket_logging().bucket(&bucket).bucket_logging_status(logging).send().await.unwrap();
        let suspended = s3::VersioningConfiguration::builder().status(s3::BucketVersioningStatus::Suspended).build();
        client.put_bucket_versioning().bucket(&bucket).versioning_configuration(suspended).send().await.unwrap();
        client.delete_bucket_encryption().bucket(&bucket).send().await.unwrap();
        let rule = s3::OwnershipControlsRule::builder().object_ownership(s3::ObjectOwnership::ObjectWriter).build().unwrap();
        let controls = s3::OwnershipControls::builder().rules(rule).build().unwrap();
        client.put_bucket_ownership_controls().bucket(&bucket).ownership_controls(controls).send().await.unwrap();
        let requester = s3::RequestPaymentConfiguration::builder().payer(s3::Payer::Requester).build().unwrap();
        client.put_bucket_request_payment().bucket(&bucket).request_payment_configuration(requester).send().await.unwrap();
        client.delete_bucket_lifecycle().bucket(&bucket).send().await.unwrap();
        let stranger = s3::Tagging::builder().tag_set(s3::Tag::builder().key("stranger").value("x").build().unwrap()).build().unwrap();
        client.put_bucket_tagging().bucket(&bucket).tagging(stranger).send().await.unwrap();
    }

    /// Apart from the rest: a bucket that replicates can't suspend versioning.
    pub async fn replicate(&self) {
        let (bucket, account) = (self.bucket("logs"), &self.account);
        let elsewhere = format!("elsewhere-{account}");
        self.create_bucket(&elsewhere).await;
        let enabled = s3::VersioningConfiguration::builder().status(s3::BucketVersioningStatus::Enabled).build();
        self.s3.put_bucket_versioning().bucket(&elsewhere).versioning_configuration(enabled).send().await.unwrap();
        let rule = s3::ReplicationRule::builder()
            .id("stranger")
            .priority(1)
            .status(s3::ReplicationRuleStatus::Enabled)
            .filter(s3::ReplicationRuleFilter::builder().prefix("").build())
            .delete_marker_replication(s3::DeleteMarkerReplication::builder().status(s3::DeleteMarkerReplicationStatus::Disabled).build())
            .destination(s3::Destination::builder().bucket(format!("arn:aws:s3:::{elsewhere}")).build().unwrap())
            .build()
            .unwrap();
        let role = format!("arn:aws:iam::{account}:role/replicator");
        let configuration = s3::ReplicationConfiguration::builder().role(role).rules(rule).build().unwrap();
        self.s3.put_bucket_replication().bucket(&bucket).replication_configuration(configuration).send().await.unwrap();
    }

    pub async fn tamper_with_key(&self) {
        let (client, key) = (&self.kms, self.own_key().await);
        client
            .tag_resource()
            .key_id(&key)
            .tags(kms::Tag::builder().tag_key("stranger").tag_value("x").build().unwrap())
            .send()
            .await
            .unwrap();
        client.untag_resource().key_id(&key).tag_keys("team").send().await.unwrap();
        client.disable_key_rotation().key_id(&key).send().await.unwrap();
        client.update_key_description().key_id(&key).description("x").send().await.unwrap();
        let root = format!("arn:aws:iam::{}:root", self.account);
        let open = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "x", "Effect": "Allow", "Principal": { "AWS": root }, "Action": "kms:*", "Resource": "*" }] });
        client.put_key_policy().key_id(&key).policy_name("default").policy(open.to_string()).send().await.unwrap();
        client.schedule_key_deletion().key_id(&key).send().await.unwrap();
    }

    /// Trust and tags of every role of ours.
    pub async fn tamper_with_roles(&self) {
        let client = self.iam();
        let roles = client.list_roles().send().await.unwrap().roles;
        let ours: Vec<_> = roles.iter().map(iam::Role::role_name).filter(|name| name.starts_with(OURS)).collect();
        assert!(!ours.is_empty(), "no role of ours in {roles:?}");
        let nobody = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Principal": { "AWS": self.account }, "Action": "sts:AssumeRole" } });
        for role in ours {
            client.update_assume_role_policy().role_name(role).policy_document(nobody.to_string()).send().await.unwrap();
            let stranger = iam::Tag::builder().key("stranger").value("x").build().unwrap();
            client.tag_role().role_name(role).tags(stranger).send().await.unwrap();
            client.untag_role().role_name(role).tag_keys("team").send().await.unwrap();
        }
    }

    /// Policy and tags of every topic.
    pub async fn tamper_with_topics(&self) {
        let client = self.sns();
        for topic in client.list_topics().send().await.unwrap().topics.unwrap_or_default() {
            let arn = topic.topic_arn.unwrap();
            let open = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "x", "Effect": "Allow", "Principal": { "AWS": self.account }, "Action": "sns:Publish", "Resource": arn }] });
            let set = client.set_topic_attributes().topic_arn(&arn).attribute_name("Policy").attribute_value(open.to_string());
            set.send().await.unwrap();
            let stranger = sns::Tag::builder().key("stranger").value("x").build().unwrap();
            client.tag_resource().resource_arn(&arn).tags(stranger).send().await.unwrap();
        }
    }

    /// Attributes and tags of every queue.
    pub async fn tamper_with_queues(&self) {
        let client = self.sqs();
        for url in client.list_queues().send().await.unwrap().queue_urls.unwrap_or_default() {
            let timeout = aws_sdk_sqs::types::QueueAttributeName::MessageRetentionPeriod;
            client.set_queue_attributes().queue_url(&url).attributes(timeout, "60").send().await.unwrap();
            client.tag_queue().queue_url(&url).tags("stranger", "x").send().await.unwrap();
            client.untag_queue().queue_url(&url).tag_keys("team").send().await.unwrap();
        }
    }

    /// Notification of the bucket and subscription of the queue.
    pub async fn tamper_with_notices(&self) {
        let nothing = s3::NotificationConfiguration::builder().build();
        let request = self.s3.put_bucket_notification_configuration().bucket(self.bucket("logs")).notification_configuration(nothing);
        request.send().await.unwrap();
        let client = self.sns();
        let listed = client.list_subscriptions().send().await.unwrap().subscriptions.unwrap_or_default();
        assert!(!listed.is_empty());
        for subscription in listed {
            let set = client.set_subscription_attributes().subscription_arn(subscription.subscription_arn.unwrap());
            set.attribute_name("RawMessageDelivery").attribute_value("false").send().await.unwrap();
        }
    }

    /// Workgroup, database, table and queries.
    pub async fn tamper_with_analysis(&self) {
        let (workgroup, database) =
            (format!("{OURS}{}", self.bucket("logs")), format!("trailkeeper_{}", self.bucket("logs").replace('-', "_")));
        let arn = |service: &str, name: &str| format!("arn:aws:{service}:{REGION}:{}:{name}", self.account);
        self.aws(&[
            "athena",
            "update-work-group",
            "--work-group",
            &workgroup,
            "--configuration-updates",
            r#"{"EnforceWorkGroupConfiguration": false}"#,
        ]);
        let group = arn("athena", &format!("workgroup/{workgroup}"));
        self.aws(&["athena", "tag-resource", "--resource-arn", &group, "--tags", "Key=stranger,Value=x"]);
        let ids = self.aws(&["athena", "list-named-queries", "--work-group", &workgroup])["NamedQueryIds"].clone();
        let query = [
            "athena",
            "update-named-query",
            "--named-query-id",
            ids[0].as_str().unwrap(),
            "--name",
            "Trailkeeper: x",
            "--query-string",
            "SELECT 2",
        ];
        self.aws(&query);
        let tags = json!({ "stranger": "x" }).to_string();
        self.aws(&["glue", "tag-resource", "--resource-arn", &arn("glue", &format!("database/{database}")), "--tags-to-add", &tags]);
        let table = self.aws(&["glue", "get-table", "--database-name", &database, "--name", "cloudtrail"])["Table"].clone();
        let mut input = json!({ "Name": "cloudtrail", "PartitionKeys": table["PartitionKeys"], "Parameters": table["Parameters"],
            "StorageDescriptor": table["StorageDescriptor"], "TableType": "EXTERNAL_TABLE" });
        input["Parameters"]["storage.location.template"] = Value::from("s3://elsewhere/");
        self.aws(&["glue", "update-table", "--database-name", &database, "--table-input", &input.to_string()]);
    }

    /// Retention, key and tags of the log group.
    pub async fn tamper_with_log_group(&self, group: &str, key: &str) {
        let client = self.logs();
        client.put_retention_policy().log_group_name(group).retention_in_days(1).send().await.unwrap();
        client.associate_kms_key().log_group_name(group).kms_key_id(key).send().await.unwrap();
        let arn = format!("arn:aws:logs:{REGION}:{}:log-group:{group}", self.account);
        client.tag_resource().resource_arn(&arn).tags("stranger", "x").send().await.unwrap();
        client.untag_resource().resource_arn(&arn).tag_keys("team").send().await.unwrap();
    }

    /// A store's settings, switch and tags.
    pub async fn tamper_with_store(&self, store: &str) {
        let client = &self.cloudtrail;
        client.update_event_data_store().event_data_store(store).retention_period(30).send().await.unwrap();
        let stranger = cloudtrail::Tag::builder().key("stranger").value("x").build().unwrap();
        client.add_tags().resource_id(store).tags_list(stranger).send().await.unwrap();
        client.stop_event_data_store_ingestion().event_data_store(store).send().await.unwrap();
    }

    async fn own_key(&self) -> String {
        let alias = format!("alias/trailkeeper/{}", self.bucket("logs"));
        self.kms.describe_key().key_id(alias).send().await.unwrap().key_metadata.unwrap().key_id
    }
}
