//! The EventDataStore controller: its account, then the pipeline.

use super::context::{Context, account_inputs};
use super::judging::{self, Judging};
use super::kind::{Ending, Kind, Pass, Passed};
use crate::api::common::{DeletionPolicy, Mode};
use crate::api::{EventDataStore, EventDataStoreStatus};
use crate::engine::{self, Deletion, Subject, store_name};
use crate::rules::case::Case;
use crate::status::tell::Situation;
use crate::status::{self, Waiting};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

impl Kind for EventDataStore {
    type Status = EventDataStoreStatus;

    fn api(&self, client: Client) -> Api<Self> {
        Api::namespaced(client, &self.namespace().unwrap_or_default())
    }

    fn status(&self) -> Option<&EventDataStoreStatus> {
        self.status.as_ref()
    }

    fn suspended(&self) -> bool {
        self.spec.suspend
    }

    fn what(&self) -> String {
        format!("event data store {}", store_name(self))
    }

    fn account_id(&self, context: &Context) -> String {
        context.index.account(&self.spec.account_ref.name).map(|account| account.spec.account_id).unwrap_or_default()
    }

    fn references(&self, context: &Context) -> Value {
        let account = match context.account(&self.spec.account_ref.name, &self.namespace().unwrap_or_default()) {
            Ok((account, _)) => account_inputs(&account),
            Err(waiting) => json!(waiting.message),
        };
        json!([account, judging::inputs(self, context)])
    }

    async fn pass(&self, pass: &Pass<'_>) -> Result<Passed<EventDataStoreStatus>, Waiting> {
        let namespace = self.namespace().unwrap_or_default();
        let (cloud, facts) = pass.context.reach(&self.spec.account_ref.name, &namespace, &self.spec.region).await?;
        let mut subject = Subject::event_data_store(self, &facts, &pass.context.instance);
        if pass.paused {
            subject.treatment.mode = Mode::Observe;
        }
        let outcome = engine::pass(&cloud, &subject, &pass.context.permit()).await;
        let situation = Situation {
            generation: self.metadata.generation.unwrap_or_default(),
            account: &facts.id,
            region: &self.spec.region,
            what: &self.what(),
            interval: self.spec.interval.into(),
            attempts: pass.failures,
            now: pass.now,
        };
        let mut told = status::event_data_store::after_pass(self, &outcome, &situation);
        if judging::is_judgeable(&outcome) {
            let judging = Judging::of(self, pass.context, pass.now);
            let case = judging.frame.store(self, &facts, outcome.latest().seen.clone());
            judging.tell(&Case::Store(&case), pass.context, &mut told);
        }
        Ok(Passed { told, failed: !outcome.in_sync() })
    }

    async fn end(&self, context: &Context) -> Ending {
        if self.spec.deletion_policy == DeletionPolicy::Retain || self.spec.mode == Mode::Observe {
            return Ending::Settled(Deletion::Retained);
        }
        if self.spec.termination_protection {
            return Ending::Settled(Deletion::Kept("spec.terminationProtection is not false"));
        }
        let namespace = self.namespace().unwrap_or_default();
        let (cloud, facts) = match context.reach(&self.spec.account_ref.name, &namespace, &self.spec.region).await {
            Ok(reached) => reached,
            Err(waiting) => return Ending::Wait(waiting),
        };
        let subject = Subject::event_data_store(self, &facts, &context.instance);
        Ending::Settled(engine::delete(&cloud, &subject, &context.permit()).await)
    }
}
