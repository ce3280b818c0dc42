//! Evicts Pods from nodes with NoExecute taints.

use crate::api::kinds::Key;
use crate::apiserver::Answer;
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::base::time::SimTime;
use crate::client::{ControlPlane, Keys, Requeue};
use crate::controller::Controller;

/// Evicts Pods from nodes with NoExecute taints.
#[derive(Clone, Debug, Default)]
pub struct TaintEvictionController {}

impl Controller for TaintEvictionController {
    const COMPONENT: &'static str = "taint-eviction-controller";

    fn observe(&mut self, _now: SimTime, _change: &Change, _cache: &Store, _keys: &mut Keys) {}

    fn reconcile(&mut self, _cx: &mut ControlPlane<'_>, _key: &Key) -> Answer<Requeue> {
        Ok(Requeue::AwaitChange)
    }
}
