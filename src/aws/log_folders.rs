//! Which accounts' folders an archive has. Names only: no object is read here.

use super::Cloud;
use crate::facets::observed::Failure;
use crate::status::organization::Folders;

impl Cloud {
    /// The folders right below `prefix`, which ends in a slash: one call, so at most the first 1000.
    pub async fn log_folders(&self, bucket: &str, prefix: &str) -> Result<Folders, Failure> {
        let request = self.s3.list_objects_v2().bucket(bucket).prefix(prefix).delimiter("/").expected_bucket_owner(&self.bucket_owner);
        let answer = self.call("s3:ListBucket", bucket, request.send()).await?;
        let folders = answer.common_prefixes().iter().filter_map(|folder| folder.prefix()?.strip_prefix(prefix));
        Ok(Folders {
            names: folders.map(|name| name.trim_end_matches('/').to_owned()).collect(),
            complete: !answer.is_truncated.unwrap_or(false),
        })
    }
}
