//! Trail names, trail ARNs, bucket names and prefixes: what AWS accepts, and its words when it does not.

use super::errors;
use crate::aws_error::AwsError;
use crate::identity::is_account_id;

pub fn check_name(name: &str) -> Result<(), AwsError> {
    let length = name.chars().count();
    let allowed = |c: char| c.is_ascii_alphanumeric() || is_punctuation(c);
    let ends = (name.chars().next(), name.chars().next_back());
    let message = if name.is_empty() {
        "Trail name cannot be blank!".to_owned()
    } else if !name.chars().all(allowed) {
        "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), and underscores (_)."
            .to_owned()
    } else if length < 3 {
        format!("Trail name too short. Minimum allowed length: 3 characters. Specified name length: {length} characters.")
    } else if length > 128 {
        format!("Trail name too long. Maximum allowed length: 128 characters. Specified name length: {length} characters.")
    } else if ends.0.is_some_and(is_punctuation) {
        "Trail name must starts with a letter or number.".to_owned()
    } else if ends.1.is_some_and(is_punctuation) {
        "Trail name must ends with a letter or number.".to_owned()
    } else if has_adjacent_punctuation(name) {
        "Trail name cannot have adjacent periods, hyphens or underscores.".to_owned()
    } else if name.parse::<std::net::Ipv4Addr>().is_ok() || looks_like_ipv4(name) {
        "Trail name must not be formatted as an IP address.".to_owned()
    } else {
        return Ok(());
    };
    Err(errors::invalid_name(message))
}

fn is_punctuation(c: char) -> bool {
    matches!(c, '.' | '_' | '-')
}

fn has_adjacent_punctuation(name: &str) -> bool {
    let chars: Vec<char> = name.chars().collect();
    chars.windows(2).any(|pair| pair.iter().all(|c| is_punctuation(*c)))
}

fn looks_like_ipv4(name: &str) -> bool {
    let parts: Vec<&str> = name.split('.').collect();
    parts.len() == 4 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailArn {
    pub region: String,
    pub account: String,
    pub name: String,
}

/// `arn:aws:cloudtrail:us-east-2:123456789012:trail/MyTrail`
pub fn parse_arn(arn: &str) -> Result<TrailArn, AwsError> {
    let invalid = || {
        errors::invalid_arn(format!(
            "Invalid ARN: {arn}. The format of a trail ARN is arn:aws:cloudtrail:us-east-2:123456789012:trail/MyTrail"
        ))
    };
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "cloudtrail", region, account, resource] = fields[..] else { return Err(invalid()) };
    let name = resource.strip_prefix("trail/").ok_or_else(invalid)?;
    if !partition.starts_with("aws") || region.is_empty() || !is_account_id(account) || check_name(name).is_err() {
        return Err(invalid());
    }
    Ok(TrailArn { region: region.to_owned(), account: account.to_owned(), name: name.to_owned() })
}

pub fn check_prefix(prefix: &str) -> Result<(), AwsError> {
    if prefix.chars().count() > 200 { Err(errors::invalid_prefix()) } else { Ok(()) }
}

pub fn check_bucket_name(name: &str) -> Result<(), AwsError> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let good = (3..=63).contains(&name.len())
        && name.bytes().all(allowed)
        && edge(name.bytes().next())
        && edge(name.bytes().next_back())
        && !name.contains("..")
        && !looks_like_ipv4(name);
    if good { Ok(()) } else { Err(errors::invalid_bucket_name(name)) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_follow_the_rules() {
        let long = "a".repeat(129);
        for (name, part) in [
            ("", "blank"),
            ("ab", "too short"),
            (long.as_str(), "too long"),
            ("-ab", "starts with"),
            ("ab-", "ends with"),
            ("a--b", "adjacent"),
            ("a-_b", "adjacent"),
            ("a b c", "can only contain"),
            ("añb", "can only contain"),
            ("192.168.5.4", "IP address"),
        ] {
            let error = check_name(name).unwrap_err();
            assert_eq!(error.code, "InvalidTrailNameException");
            assert!(error.message.contains(part), "{name}: {}", error.message);
        }
        for name in ["abc", "A.b_c-1", "1.2.3", &"a".repeat(128)] {
            check_name(name).unwrap();
        }
    }

    #[test]
    fn arns_are_parsed_or_refused() {
        let arn = parse_arn("arn:aws-cn:cloudtrail:cn-north-1:111111111111:trail/a.b").unwrap();
        assert_eq!((arn.region.as_str(), arn.account.as_str(), arn.name.as_str()), ("cn-north-1", "111111111111", "a.b"));
        for bad in ["arn:aws:s3:::b", "arn:aws:cloudtrail:eu-west-1:1:trail/abc", "arn:aws:cloudtrail:eu-west-1:111111111111:abc", "arn:x"]
        {
            assert_eq!(parse_arn(bad).unwrap_err().code, "CloudTrailARNInvalidException", "{bad}");
        }
    }

    #[test]
    fn bucket_names_follow_the_rules() {
        for bad in ["ab", "Abc", "a_b", "-ab", "a..b", "1.2.3.4", "ab-"] {
            assert!(check_bucket_name(bad).is_err(), "{bad}");
        }
        check_bucket_name("my-bucket.1").unwrap();
    }
}
