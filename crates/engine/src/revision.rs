//! Where a revision stands: this file alone changes its state, and says why it failed.

use punctual_model::{
    definition::Otherwise,
    finding::Finding,
    state::{RevisionState, Stage},
};
use punctual_store::{StoreError, records::Run};

use crate::{environment::Engine, outcome::EngineError, standing::Standing};

impl Engine {
    /// Moves a revision on. A run that died is found in the state it died in, and goes on from there.
    pub(crate) async fn become_busy(&self, run: &mut Run, to: RevisionState) -> Result<(), EngineError> {
        let from = run.revision.state;
        if from == to {
            return Ok(());
        }
        let store = &self.parts.store;
        run.revision = store.advance(&run.id, run.revision.number, (from, to), None, self.now()).await?;
        Ok(())
    }

    /// Brings a revision into the state that its deliveries say.
    pub(crate) async fn conclude(&self, run: &mut Run, standing: Standing) -> Result<(), EngineError> {
        let (state, message) = standing.state();
        if run.revision.state == state && run.revision.message == message {
            return Ok(());
        }
        if !run.revision.state.may_become(state) {
            self.become_busy(run, RevisionState::Distributing).await?;
        }
        let change = (run.revision.state, state);
        let revision = run.revision.number;
        run.revision = self.parts.store.advance(&run.id, revision, change, message.as_deref(), self.now()).await?;
        Ok(())
    }

    /// Records why a run stopped, so that the next run and everybody who looks knows.
    pub(crate) async fn note_failure(&self, run: &Run, error: EngineError) -> EngineError {
        let store = &self.parts.store;
        let number = run.revision.number;
        let message = error.to_string();
        let noted = async {
            if let EngineError::Stage { stage, findings, .. } = &error {
                store.fail_stage(&run.id, number, *stage, (&message, findings), self.now()).await?;
                if *stage > Stage::Extract {
                    self.doubt(run, findings, &message).await?;
                }
            }
            let state = store.run_by_id(&run.id).await?.map_or(run.revision.state, |r| r.revision.state);
            if state.may_become(RevisionState::Failed) {
                let change = (state, RevisionState::Failed);
                store.advance(&run.id, number, change, Some(&message), self.now()).await?;
            }
            Ok::<(), StoreError>(())
        };
        match noted.await {
            Ok(()) => error,
            Err(store_error) => store_error.into(),
        }
    }

    /// What a failed check looked at, or a failed stage was made from, is asked again by the next run.
    async fn doubt(&self, run: &Run, findings: &[Finding], why: &str) -> Result<(), StoreError> {
        let store = &self.parts.store;
        let number = run.revision.number;
        let extracted = store.extracts(&run.id, number).await?;
        let names: Vec<String> = extracted.into_iter().map(|record| record.dataset).collect();
        let failed = || findings.iter().filter(|f| f.severity == Otherwise::Fail);
        // A check on a dataset looked at it alone; one on a table at whatever the table is made from.
        let alone = failed().count() > 0 && failed().all(|f| names.contains(&f.subject));
        let doubted: Vec<String> =
            names.into_iter().filter(|name| !alone || failed().any(|f| f.subject == *name)).collect();
        store.doubt_extracts(&run.id, number, &doubted, why).await
    }
}
