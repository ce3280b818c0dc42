//! Removes Pods nobody will ever finish.

use crate::api::kinds::Key;
use crate::apiserver::Answer;
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::base::time::SimTime;
use crate::client::{ControlPlane, Keys, Requeue};
use crate::controller::Controller;

/// Removes Pods nobody will ever finish.
#[derive(Clone, Debug, Default)]
pub struct PodGCController {}

impl Controller for PodGCController {
    const COMPONENT: &'static str = "pod-garbage-collector";

    fn observe(&mut self, _now: SimTime, _change: &Change, _cache: &Store, _keys: &mut Keys) {}

    fn reconcile(&mut self, _cx: &mut ControlPlane<'_>, _key: &Key) -> Answer<Requeue> {
        Ok(Requeue::AwaitChange)
    }
}
