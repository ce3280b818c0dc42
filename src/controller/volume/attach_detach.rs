//! Attaches volumes to nodes and detaches them.

use crate::api::kinds::Key;
use crate::apiserver::Answer;
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::base::time::SimTime;
use crate::client::{ControlPlane, Keys, Requeue};
use crate::controller::Controller;

/// Attaches volumes to nodes and detaches them.
#[derive(Clone, Debug, Default)]
pub struct AttachDetachController {}

impl Controller for AttachDetachController {
    const COMPONENT: &'static str = "attachdetach-controller";

    fn observe(&mut self, _now: SimTime, _change: &Change, _cache: &Store, _keys: &mut Keys) {}

    fn reconcile(&mut self, _cx: &mut ControlPlane<'_>, _key: &Key) -> Answer<Requeue> {
        Ok(Requeue::AwaitChange)
    }
}
