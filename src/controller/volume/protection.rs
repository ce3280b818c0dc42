//! Keeps claims in use.

use crate::api::kinds::Key;
use crate::apiserver::Answer;
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::base::time::SimTime;
use crate::client::{ControlPlane, Keys, Requeue};
use crate::controller::Controller;

/// Keeps claims in use.
#[derive(Clone, Debug, Default)]
pub struct ClaimProtection {}

impl Controller for ClaimProtection {
    const COMPONENT: &'static str = "pvc-protection-controller";

    fn observe(&mut self, _now: SimTime, _change: &Change, _cache: &Store, _keys: &mut Keys) {}

    fn reconcile(&mut self, _cx: &mut ControlPlane<'_>, _key: &Key) -> Answer<Requeue> {
        Ok(Requeue::AwaitChange)
    }
}

/// Keeps volumes in use.
#[derive(Clone, Debug, Default)]
pub struct VolumeProtection {}

impl Controller for VolumeProtection {
    const COMPONENT: &'static str = "pv-protection-controller";

    fn observe(&mut self, _now: SimTime, _change: &Change, _cache: &Store, _keys: &mut Keys) {}

    fn reconcile(&mut self, _cx: &mut ControlPlane<'_>, _key: &Key) -> Answer<Requeue> {
        Ok(Requeue::AwaitChange)
    }
}
