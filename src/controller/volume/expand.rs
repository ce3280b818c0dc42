//! Tells people that a claim that has grown waits for its driver. All volumes that can grow are
//! CSI volumes, so the work itself is the external-resizer's.
//!
//! Not here: in-tree volume types that the controller would grow itself.
//!
//! Upstream: pkg/controller/volume/expand/expand_controller.go

use crate::api::core::volume::PersistentVolumeClaim;
use crate::api::kinds::{Key, Kind, Object};
use crate::apiserver::Answer;
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::base::time::SimTime;
use crate::client::recorder::EventKind;
use crate::client::{ControlPlane, Keys, Requeue, volumes};
use crate::controller::Controller;

/// Tells people that a claim that has grown waits for its driver.
#[derive(Clone, Debug, Default)]
pub struct VolumeExpand {}

impl Controller for VolumeExpand {
    const COMPONENT: &'static str = "volume_expand";

    fn observe(&mut self, _now: SimTime, change: &Change, _cache: &Store, keys: &mut Keys) {
        if change.kind != Kind::PersistentVolumeClaim {
            return;
        }
        let Some(claim) = change.new::<PersistentVolumeClaim>() else { return };
        let before = change.old::<PersistentVolumeClaim>().map(|old| volumes::requested(old));
        if before.is_none_or(|before| volumes::requested(claim) > before) && wants_more(claim) {
            keys.add(change.key.clone());
        }
    }

    fn reconcile(&mut self, cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue> {
        *cx.visits += 1;
        let claim = cx.cache.get::<PersistentVolumeClaim>(key).cloned();
        if let Some(claim) = claim.filter(|claim| wants_more(claim))
            && volumes::volume_behind(&cx.cache, key).is_some()
        {
            let text = "waiting for an external controller to expand this PVC";
            let object = Object::PersistentVolumeClaim(claim);
            cx.event(&object, EventKind::Normal, "ExternalExpanding", text);
        }
        Ok(Requeue::AwaitChange)
    }
}

fn wants_more(claim: &PersistentVolumeClaim) -> bool {
    let has = claim.status.capacity.get("storage").cloned().unwrap_or_default();
    claim.is_bound() && volumes::requested(claim) > has
}
