//! Keeps the status of budgets.

use crate::api::kinds::Key;
use crate::apiserver::Answer;
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::base::time::SimTime;
use crate::client::{ControlPlane, Keys, Requeue};
use crate::controller::Controller;

/// Keeps the status of budgets.
#[derive(Clone, Debug, Default)]
pub struct DisruptionController {}

impl Controller for DisruptionController {
    const COMPONENT: &'static str = "controllermanager";

    fn observe(&mut self, _now: SimTime, _change: &Change, _cache: &Store, _keys: &mut Keys) {}

    fn reconcile(&mut self, _cx: &mut ControlPlane<'_>, _key: &Key) -> Answer<Requeue> {
        Ok(Requeue::AwaitChange)
    }
}
