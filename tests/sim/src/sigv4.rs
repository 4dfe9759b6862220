//! Reads who signed a request, from the Authorization header or a presigned URL. Does not verify the signature:
//! the simulation holds no secrets.

use http::request::Parts;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub access_key: String,
    pub region: String,
    pub service: String,
    pub security_token: Option<String>,
}

impl Scope {
    pub fn of(parts: &Parts) -> Option<Self> {
        Self::from_header(parts).or_else(|| Self::from_query(parts))
    }

    fn from_header(parts: &Parts) -> Option<Self> {
        let value = parts.headers.get("authorization")?.to_str().ok()?;
        if !value.starts_with("AWS4-") {
            return None;
        }
        let credential = value.split("Credential=").nth(1)?.split([',', ' ']).next()?;
        let token = parts.headers.get("x-amz-security-token").and_then(|v| v.to_str().ok()).map(str::to_owned);
        Self::from_credential(credential, token)
    }

    fn from_query(parts: &Parts) -> Option<Self> {
        let query = parts.uri.query()?;
        let find = |name: &str| {
            form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.into_owned())
        };
        Self::from_credential(&find("X-Amz-Credential")?, find("X-Amz-Security-Token"))
    }

    /// `ACCESSKEY/20260101/eu-west-1/s3/aws4_request`
    fn from_credential(credential: &str, security_token: Option<String>) -> Option<Self> {
        let mut fields = credential.rsplitn(5, '/');
        if fields.next()? != "aws4_request" {
            return None;
        }
        let service = fields.next()?.to_ascii_lowercase();
        let region = fields.next()?.to_owned();
        let _date = fields.next()?;
        let access_key = fields.next()?.to_owned();
        Some(Self { access_key, region, service, security_token })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parts(uri: &str, header: Option<&str>) -> Parts {
        let mut request = http::Request::builder().uri(uri);
        if let Some(value) = header {
            request = request.header("authorization", value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn header_is_read() {
        let header = "AWS4-HMAC-SHA256 Credential=111111111111/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=x";
        let scope = Scope::of(&parts("/", Some(header))).unwrap();
        assert_eq!((scope.access_key.as_str(), scope.region.as_str(), scope.service.as_str()), ("111111111111", "eu-west-1", "s3"));
    }

    #[test]
    fn presigned_url_is_read() {
        let scope = Scope::of(&parts("/b/k?X-Amz-Credential=AKIA%2F20260101%2Fus-east-1%2Fs3%2Faws4_request", None)).unwrap();
        assert_eq!(scope.access_key, "AKIA");
    }

    #[test]
    fn no_signature_is_none() {
        assert_eq!(Scope::of(&parts("/", None)), None);
        assert_eq!(Scope::of(&parts("/", Some("Bearer x"))), None);
    }
}
