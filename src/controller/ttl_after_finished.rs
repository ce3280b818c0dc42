//! Deletes Jobs some time after they are over, with their Pods first.
//!
//! Upstream: pkg/controller/ttlafterfinished/ttlafterfinished_controller.go

use super::job::expiry;
use crate::api::batch::Job;
use crate::api::kinds::{Key, Kind};
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::apiserver::{Answer, DeleteOptions, Propagation};
use crate::base::time::SimTime;
use crate::client::{ControlPlane, Keys, Requeue};
use crate::controller::Controller;

/// Deletes Jobs some time after they are over.
#[derive(Clone, Debug, Default)]
pub struct TtlAfterFinishedController;

impl Controller for TtlAfterFinishedController {
    const COMPONENT: &'static str = "ttl-after-finished-controller";

    fn observe(&mut self, _now: SimTime, change: &Change, _cache: &Store, keys: &mut Keys) {
        if change.new::<Job>().is_some_and(|job| expiry(job).is_some()) {
            keys.add(change.key.clone());
        }
    }

    fn reconcile(&mut self, cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue> {
        *cx.visits += 1;
        // What the server has counts: the cache may not know of a change of mind.
        let Some(job) = cx.server.store.get::<Job>(key).filter(|job| !job.meta.is_terminating())
        else {
            return Ok(Requeue::AwaitChange);
        };
        let Some(expiry) = expiry(job) else { return Ok(Requeue::AwaitChange) };
        if expiry > cx.now {
            return Ok(Requeue::After(expiry.since(cx.now)));
        }
        let options = DeleteOptions {
            propagation: Propagation::Foreground,
            uid: Some(job.meta.uid),
            resource_version: Some(job.meta.resource_version),
            ..DeleteOptions::default()
        };
        cx.client().delete(Kind::Job, key, &options)?;
        Ok(Requeue::AwaitChange)
    }
}
