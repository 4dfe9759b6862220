//! Event selectors, Insights and aggregation.

use crate::lab::{HOME, Lab, code};
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::types::{
    AdvancedEventSelector, AdvancedFieldSelector, AggregationConfiguration, DataResource, EventCategoryAggregation, EventSelector,
    InsightSelector, InsightType, ReadWriteType, SourceEventCategory, Template,
};
use trailkeeper_sim::world::{DefaultSelectors, Settings};

async fn trail(lab: &Lab) -> Client {
    let bucket = lab.open_bucket().await;
    let client = lab.cloudtrail(HOME);
    client.create_trail().name("main").s3_bucket_name(&bucket).send().await.unwrap();
    client
}

/// `field operator value,value` lines make one selector.
fn advanced(lines: &[&str]) -> AdvancedEventSelector {
    let fields = lines.iter().map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let values = Some(words[2].split(',').map(str::to_owned).collect());
        let field = AdvancedFieldSelector::builder().field(words[0]);
        let field = match words[1] {
            "=" => field.set_equals(values),
            "!=" => field.set_not_equals(values),
            "^" => field.set_starts_with(values),
            "$" => field.set_ends_with(values),
            other => panic!("no operator {other}"),
        };
        field.build().unwrap()
    });
    AdvancedEventSelector::builder().set_field_selectors(Some(fields.collect())).build().unwrap()
}

fn data(values: impl IntoIterator<Item = String>) -> DataResource {
    DataResource::builder().r#type("AWS::S3::Object").set_values(Some(values.into_iter().collect())).build()
}

#[tokio::test]
async fn an_untouched_trail_reads_as_either_default() {
    let lab = Lab::new().await;
    let client = trail(&lab).await;
    let read = client.get_event_selectors().trail_name("main").send().await.unwrap();
    assert_eq!(read.advanced_event_selectors()[0].name(), Some("Management events selector"));
    assert_eq!(read.event_selectors(), []);

    lab.control.set_settings(&Settings { default_selectors: DefaultSelectors::Basic, ..Settings::default() }).await.unwrap();
    let read = client.get_event_selectors().trail_name("main").send().await.unwrap();
    assert_eq!(read.event_selectors()[0].read_write_type(), Some(&ReadWriteType::All));
    assert_eq!(read.advanced_event_selectors(), []);
}

#[tokio::test]
async fn each_put_replaces_the_other_form_too() {
    let lab = Lab::new().await;
    let client = trail(&lab).await;
    let basic = EventSelector::builder().read_write_type(ReadWriteType::WriteOnly).data_resources(data(["arn:aws:s3".to_owned()])).build();
    client.put_event_selectors().trail_name("main").event_selectors(basic).send().await.unwrap();
    let read = client.get_event_selectors().trail_name("main").send().await.unwrap();
    assert_eq!((read.event_selectors().len(), read.advanced_event_selectors().len()), (1, 0));
    let custom = client.get_trail().name("main").send().await.unwrap().trail.unwrap().has_custom_event_selectors;
    assert_eq!(custom, Some(true));

    let selector = advanced(&["eventCategory = Management", "readOnly = false"]);
    client.put_event_selectors().trail_name("main").advanced_event_selectors(selector.clone()).send().await.unwrap();
    let read = client.get_event_selectors().trail_name("main").send().await.unwrap();
    assert_eq!(read.event_selectors(), []);
    assert_eq!(read.advanced_event_selectors(), [selector]);

    let plain = advanced(&["eventCategory = Management"]);
    client.put_event_selectors().trail_name("main").advanced_event_selectors(plain).send().await.unwrap();
    let custom = client.get_trail().name("main").send().await.unwrap().trail.unwrap().has_custom_event_selectors;
    assert_eq!(custom, Some(false), "the default, put by hand, is not custom");
}

#[tokio::test]
async fn basic_selectors_have_limits() {
    let lab = Lab::new().await;
    let client = trail(&lab).await;
    let put = || client.put_event_selectors().trail_name("main");
    let plain = || EventSelector::builder().read_write_type(ReadWriteType::All);
    let values = |count: usize| data((0..count).map(|index| format!("arn:aws:s3:::bucket-{index}/")));

    let refused = [
        ("six", put().set_event_selectors(Some(vec![plain().build(); 6]))),
        ("none", put().set_event_selectors(Some(Vec::new()))),
        ("251 values", put().event_selectors(plain().data_resources(values(251)).build())),
        (
            "251 over two",
            put().event_selectors(plain().data_resources(values(250)).build()).event_selectors(plain().data_resources(values(1)).build()),
        ),
        (
            "type",
            put().event_selectors(
                plain().data_resources(DataResource::builder().r#type("AWS::SNS::Topic").values("arn:aws:sns").build()).build(),
            ),
        ),
        ("value of another type", put().event_selectors(plain().data_resources(data(["arn:aws:lambda".to_owned()])).build())),
        ("exclude", put().event_selectors(plain().exclude_management_event_sources("s3.amazonaws.com").build())),
        ("both forms", put().event_selectors(plain().build()).advanced_event_selectors(advanced(&["eventCategory = Management"]))),
        ("neither", put()),
    ];
    for (what, request) in refused {
        assert_eq!(code(request.send().await), "InvalidEventSelectorsException", "{what}");
    }
    let all = data(["arn:aws:s3".to_owned()]);
    let full = plain().data_resources(values(250)).data_resources(all).exclude_management_event_sources("kms.amazonaws.com").build();
    put().event_selectors(full).send().await.unwrap();
}

#[tokio::test]
async fn the_advanced_field_matrix_holds() {
    let lab = Lab::new().await;
    let client = trail(&lab).await;
    let put = |selector| client.put_event_selectors().trail_name("main").advanced_event_selectors(selector).send();
    let accepted: [&[&str]; 7] = [
        &["eventCategory = Management", "eventSource != kms.amazonaws.com,rdsdata.amazonaws.com"],
        &["eventCategory = Management", "readOnly = true"],
        &["eventCategory = Data", "resources.type = AWS::S3::Object", "resources.ARN ^ arn:aws:s3:::a/,arn:aws:s3:::b/"],
        &["eventCategory = Data", "resources.type = AWS::Lambda::Function", "eventName $ Object", "userIdentity.arn != x"],
        &["eventCategory = Data", "resources.type = AWS::S3::Object", "sessionCredentialFromConsole != true", "eventType ^ Aws"],
        &["eventCategory = NetworkActivity", "eventSource = kms.amazonaws.com", "errorCode = VpceAccessDenied"],
        &["eventCategory = NetworkActivity", "eventSource = s3.amazonaws.com", "vpcEndpointId ^ vpce-", "userIdentity.arn = x"],
    ];
    for lines in accepted {
        put(advanced(lines)).await.unwrap_or_else(|error| panic!("{lines:?}: {error:?}"));
    }
    let refused: [&[&str]; 19] = [
        &["readOnly = true"],
        &["eventCategory != Management"],
        &["eventCategory = Management,Data"],
        &["eventCategory = Insight"],
        &["eventCategory = Management", "eventSource != s3.amazonaws.com"],
        &["eventCategory = Management", "eventSource = kms.amazonaws.com"],
        &["eventCategory = Management", "eventName = StopLogging"],
        &["eventCategory = Management", "readOnly != true"],
        &["eventCategory = Management", "readOnly = yes"],
        &["eventCategory = Management", "userIdentity.arn = x"],
        &["eventCategory = Data"],
        &["eventCategory = Data", "resources.type = AWS::S3::Object,AWS::Lambda::Function"],
        &["eventCategory = Data", "resources.type ^ AWS::S3"],
        &["eventCategory = Data", "resources.type = AWS::S3::Object", "vpcEndpointId = x"],
        &["eventCategory = Data", "resources.type = AWS::S3::Object", "sessionCredentialFromConsole ^ t"],
        &["eventCategory = Data", "resources.type = AWS::S3::Object", "resources.ARN ^ arn:aws:s3:::*"],
        &["eventCategory = NetworkActivity"],
        &["eventCategory = NetworkActivity", "eventSource = kms.amazonaws.com", "readOnly = true"],
        &["eventCategory = NetworkActivity", "eventSource = kms.amazonaws.com", "errorCode = AccessDenied"],
    ];
    for lines in refused {
        assert_eq!(code(put(advanced(lines)).await), "InvalidEventSelectorsException", "{lines:?}");
    }
    let values = |count: usize| (0..count).map(|index| format!("arn:{index}")).collect::<Vec<_>>().join(",");
    let sized =
        |count| advanced(&["eventCategory = Data", "resources.type = AWS::S3::Object", &format!("resources.ARN = {}", values(count))]);
    put(sized(498)).await.unwrap();
    assert_eq!(code(put(sized(499)).await), "InvalidEventSelectorsException", "501 values");
}

#[tokio::test]
async fn insights_need_the_events_they_analyse() {
    let lab = Lab::new().await;
    let client = trail(&lab).await;
    let insight = |kind: InsightType, category: Option<SourceEventCategory>| {
        InsightSelector::builder().insight_type(kind).set_event_categories(category.map(|category| vec![category])).build()
    };
    let put = |selector| client.put_insight_selectors().trail_name("main").insight_selectors(selector).send();
    assert_eq!(code(client.get_insight_selectors().trail_name("main").send().await), "InsightNotEnabledException");
    put(insight(InsightType::ApiCallRateInsight, None)).await.unwrap();
    let read = client.get_insight_selectors().trail_name("main").send().await.unwrap();
    assert_eq!(read.insight_selectors()[0].event_categories(), [SourceEventCategory::Management]);
    let trail = client.get_trail().name("main").send().await.unwrap().trail.unwrap();
    assert_eq!(trail.has_insight_selectors(), Some(true));

    let select = |lines: &[&str]| client.put_event_selectors().trail_name("main").advanced_event_selectors(advanced(lines)).send();
    assert_eq!(
        code(put(insight(InsightType::ApiCallRateInsight, Some(SourceEventCategory::Data))).await),
        "InvalidInsightSelectorsException"
    );
    assert_eq!(code(put(insight(InsightType::from("NoSuchInsight"), None)).await), "InvalidInsightSelectorsException");
    select(&["eventCategory = Management", "readOnly = true"]).await.unwrap();
    assert_eq!(code(put(insight(InsightType::ApiCallRateInsight, None)).await), "InvalidInsightSelectorsException", "no write events");
    put(insight(InsightType::ApiErrorRateInsight, None)).await.unwrap();
    select(&["eventCategory = Data", "resources.type = AWS::S3::Object"]).await.unwrap();
    put(insight(InsightType::ApiCallRateInsight, Some(SourceEventCategory::Data))).await.unwrap();

    client.put_insight_selectors().trail_name("main").set_insight_selectors(Some(Vec::new())).send().await.unwrap();
    assert_eq!(code(client.get_insight_selectors().trail_name("main").send().await), "InsightNotEnabledException");
}

#[tokio::test]
async fn aggregation_needs_data_events() {
    let lab = Lab::new().await;
    let client = trail(&lab).await;
    let configuration = AggregationConfiguration::builder()
        .event_category(EventCategoryAggregation::Data)
        .templates(Template::ApiActivity)
        .templates(Template::UserActions)
        .build()
        .unwrap();
    let put = || client.put_event_configuration().trail_name("main").aggregation_configurations(configuration.clone()).send();
    assert_eq!(code(put().await), "InvalidParameterException");
    let selector = advanced(&["eventCategory = Data", "resources.type = AWS::S3::Object"]);
    client.put_event_selectors().trail_name("main").advanced_event_selectors(selector).send().await.unwrap();
    put().await.unwrap();
    let read = client.get_event_configuration().trail_name("main").send().await.unwrap();
    assert_eq!(read.aggregation_configurations(), [configuration]);
    assert_eq!(code(client.get_event_configuration().send().await), "InvalidParameterException");
}
