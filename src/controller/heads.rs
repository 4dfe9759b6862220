//! Where the verification of an archive's files stands: a ConfigMap per archive in the operator's own namespace, since the streams
//! of an organization are too many for a status. To lose it costs reading `lookbackDays` again, and nothing else.

use crate::api::{GROUP, LogArchive};
use crate::integrity::chain::Head;
use crate::integrity::checkpoint::StreamHead;
use crate::integrity::place::Stream;
use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::{GzDecoder, GzEncoder};
use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write;

const FIELD_MANAGER: &str = "trailkeeper";

/// The one key of the ConfigMap.
const DATA: &str = "heads.json.gz";

/// Where verifications stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// As the spec had it: another value begins anew.
    pub lookback_days: i32,
    /// From when on files were verified.
    pub since: Option<Timestamp>,
    heads: Vec<StreamHead>,
}

impl Record {
    pub fn new(lookback_days: i32, since: Option<Timestamp>, heads: BTreeMap<Stream, Head>) -> Self {
        let heads = heads.into_iter().map(|(stream, head)| StreamHead { stream, head }).collect();
        Self { lookback_days, since, heads }
    }

    pub fn heads(&self) -> BTreeMap<Stream, Head> {
        self.heads.iter().map(|one| (one.stream.clone(), one.head.clone())).collect()
    }

    fn packed(&self) -> Result<Vec<u8>> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(&serde_json::to_vec(self)?)?;
        Ok(packer.finish()?)
    }

    fn unpacked(packed: &[u8]) -> Result<Self> {
        let mut unpacker = GzDecoder::new(Vec::new());
        unpacker.write_all(packed)?;
        Ok(serde_json::from_slice(&unpacker.finish()?)?)
    }
}

/// The records of all archives.
pub struct Records {
    client: Client,
}

fn name(uid: &str) -> String {
    format!("trailkeeper-integrity-{uid}")
}

impl Records {
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    fn api(&self) -> Api<ConfigMap> {
        // In a cluster that is the namespace of the service account.
        Api::default_namespaced(self.client.clone())
    }

    /// The record of an archive, if there is one. One that can't be understood is as good as none.
    pub async fn read(&self, uid: &str) -> Result<Option<Record>> {
        let name = name(uid);
        let found =
            self.api().get_opt(&name).await.with_context(|| format!("reading ConfigMap {name}: where the last verification ended"))?;
        let Some(packed) = found.and_then(|map| map.binary_data?.remove(DATA)) else { return Ok(None) };
        let record = Record::unpacked(&packed.0);
        Ok(record.inspect_err(|error| tracing::warn!(name, %error, "what it says can't be understood: all is verified again")).ok())
    }

    pub async fn write(&self, archive: &LogArchive, record: &Record) -> Result<()> {
        let name = name(&archive.uid().unwrap_or_default());
        let of = format!("{}/{}", archive.namespace().unwrap_or_default(), archive.name_any());
        let map = ConfigMap {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                labels: Some([("app.kubernetes.io/managed-by".to_owned(), FIELD_MANAGER.to_owned())].into()),
                annotations: Some([(format!("{GROUP}/archive"), of)].into()),
                ..ObjectMeta::default()
            },
            binary_data: Some([(DATA.to_owned(), ByteString(record.packed()?))].into()),
            ..ConfigMap::default()
        };
        let params = PatchParams::apply(FIELD_MANAGER).force();
        self.api().patch(&name, &params, &Patch::Apply(&map)).await.with_context(|| format!("writing ConfigMap {name}"))?;
        Ok(())
    }

    pub async fn delete(&self, uid: &str) -> Result<()> {
        let name = name(uid);
        match self.api().delete(&name, &DeleteParams::default()).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(answer)) if answer.code == 404 => Ok(()),
            Err(error) => Err(error).with_context(|| format!("deleting ConfigMap {name}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrity::place::{Area, Place};
    use sha2::{Digest as _, Sha256};

    /// The API server takes objects of up to a mebibyte and a half, of which etcd's limit leaves less.
    const LIMIT: usize = 1 << 20;

    #[test]
    fn the_streams_of_a_large_organization_fit() {
        let stream = |number: usize| {
            let (account, region) = (format!("{:012}", 100_000_000_000 + number / 17 * 7_919), format!("region-{}", number % 17));
            let area = Area { prefix: "audit/".to_owned(), organization: Some("o-exampleorgid".to_owned()), account, region };
            Stream { area, trail: "organization-trail".to_owned(), home_region: "eu-central-1".to_owned() }
        };
        let head = |stream: &Stream| {
            let key = format!("{}2026/11/21/{}_CloudTrail-Digest_20261121T170000Z.json.gz", stream.area.digests(), stream.area.account);
            let sha256 = Sha256::digest(&key).iter().map(|byte| format!("{byte:02x}")).collect();
            Head { place: Place { bucket: "organization-audit-logs".to_owned(), key }, end: Timestamp::UNIX_EPOCH, sha256 }
        };
        let heads: BTreeMap<_, _> = (0..5_000).map(stream).map(|stream| (stream.clone(), head(&stream))).collect();
        let record = Record::new(7, Some(Timestamp::UNIX_EPOCH), heads);
        let packed = record.packed().unwrap();
        assert!(packed.len() < LIMIT / 2, "{} bytes", packed.len());
        assert_eq!(Record::unpacked(&packed).unwrap(), record);
    }
}
