//! Verified accounts: a session is handed out only after AWS has confirmed that it is in the declared account.

use crate::api::AwsAccount;
use crate::api::aws_account::{AwsAccountSpec, Organization, SecretRef};
use crate::aws::identity::{self, Identity};
use crate::aws::{BaseCredentials, Session};
use crate::facets::observed::Failure;
use crate::status::Waiting;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client, ResourceExt};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// An account whose identity AWS has told us.
#[derive(Clone)]
pub struct Verified {
    spec: AwsAccountSpec,
    at: Instant,
    pub session: Session,
    pub identity: Identity,
    pub organization: Option<Organization>,
    pub regions: Result<Vec<String>, Failure>,
}

impl Verified {
    /// An answer for this spec that was right. A wrong one is asked for again: the Secret may have been corrected since.
    fn holds(&self, account: &AwsAccount) -> bool {
        self.spec == account.spec && self.identity.account == account.spec.account_id
    }
}

/// Within this time an answer is not asked for again.
const JUST_NOW: Duration = Duration::from_secs(2);

type Slot = Arc<Mutex<Option<Verified>>>;

/// The accounts of this process, by the AwsAccount's name.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<String, Slot>>);

impl Sessions {
    async fn slot(&self, name: &str) -> Slot {
        self.0.lock().await.entry(name.to_owned()).or_default().clone()
    }

    /// Asks AWS again who we are, with credentials read anew.
    pub async fn verify(&self, client: &Client, account: &AwsAccount) -> Result<Verified, Waiting> {
        let slot = self.slot(&account.name_any()).await;
        let mut slot = slot.lock().await;
        // Who opened a session a moment ago has asked for us.
        if let Some(verified) = slot.as_ref().filter(|verified| verified.holds(account) && verified.at.elapsed() < JUST_NOW) {
            return Ok(verified.clone());
        }
        *slot = None;
        let verified = ask(client, account).await?;
        *slot = Some(verified.clone());
        Ok(verified)
    }

    /// A session in the declared account. Asks AWS only where that was not done for this spec within the account's interval.
    pub async fn open(&self, client: &Client, account: &AwsAccount) -> Result<Session, Waiting> {
        let slot = self.slot(&account.name_any()).await;
        let mut slot = slot.lock().await;
        let interval: Duration = account.spec.interval.into();
        // Twice the interval: the account's own passes renew it well before.
        let current = slot.clone().filter(|verified| verified.holds(account) && verified.at.elapsed() < interval * 2);
        let verified = match current {
            Some(verified) => verified,
            None => ask(client, account).await.map_err(|why| not_ready(account, &why))?,
        };
        *slot = Some(verified.clone());
        if verified.identity.account == account.spec.account_id {
            return Ok(verified.session);
        }
        let message = format!(
            "the credentials of AwsAccount {} belong to account {}, not to {}: nothing is written",
            account.name_any(),
            verified.identity.account,
            account.spec.account_id
        );
        Err(Waiting::refused("WrongAccount", message))
    }

    pub async fn forget(&self, name: &str) {
        self.0.lock().await.remove(name);
    }
}

fn not_ready(account: &AwsAccount, why: &Waiting) -> Waiting {
    Waiting {
        reason: "AccountNotReady",
        message: format!("AwsAccount {}: {}", account.name_any(), why.message),
        warning: false,
        ..why.clone()
    }
}

async fn ask(client: &Client, account: &AwsAccount) -> Result<Verified, Waiting> {
    let base = match &account.spec.credentials.secret_ref {
        Some(reference) => from_secret(client, reference).await?,
        None => BaseCredentials::Ambient,
    };
    let session = Session::open(&account.spec, base).await.map_err(|error| Waiting::refused("CredentialsInvalid", error.to_string()))?;
    let failed = |failure| Waiting::failure(&failure, 0);
    let identity = identity::caller(&session).await.map_err(failed)?;
    let organization = identity::organization(&session).await.map_err(failed)?;
    let regions = regions(&session, account, &identity).await;
    Ok(Verified { spec: account.spec.clone(), at: Instant::now(), session, identity, organization, regions })
}

/// The Regions that the spec names need not be asked for, and in the wrong account nothing more is asked.
async fn regions(session: &Session, account: &AwsAccount, identity: &Identity) -> Result<Vec<String>, Failure> {
    let declared = &account.spec.regions;
    if declared.is_empty() && identity.account == account.spec.account_id {
        return identity::regions(session).await;
    }
    let mut declared = declared.clone();
    declared.sort();
    declared.dedup();
    Ok(declared)
}

async fn from_secret(client: &Client, reference: &SecretRef) -> Result<BaseCredentials, Waiting> {
    let SecretRef { name, namespace } = reference;
    let unreadable = |why: String| Waiting {
        requeue: crate::status::Requeue::After(Duration::from_secs(15)),
        ..Waiting::refused("CredentialsInvalid", format!("spec.credentials.secretRef: Secret {namespace}/{name}: {why}"))
    };
    let secret = Api::<Secret>::namespaced(client.clone(), namespace).get(name).await.map_err(|error| unreadable(error.to_string()))?;
    let data = secret.data.unwrap_or_default();
    let text = |key: &str| data.get(key).and_then(|bytes| String::from_utf8(bytes.0.clone()).ok()).map(|text| text.trim().to_owned());
    let wanted = |key: &str| text(key).ok_or_else(|| unreadable(format!("key {key} is missing")));
    Ok(BaseCredentials::Static {
        access_key_id: wanted("accessKeyId")?,
        secret_access_key: wanted("secretAccessKey")?,
        session_token: text("sessionToken"),
    })
}
