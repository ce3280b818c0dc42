//! The scale subresource: how many replicas, apart from everything else.
//!
//! Upstream: pkg/registry/apps/statefulset/storage/storage.go (ScaleREST),
//! pkg/apis/autoscaling/validation/validation.go

use super::status::{Cause, Status};
use super::{Answer, ApiServer};
use crate::api::apps::stateful_set::StatefulSet;
use crate::api::kinds::{Key, Kind, Object};
use crate::base::time::SimTime;
use std::rc::Rc;

impl ApiServer {
    /// Sets how many Pods the StatefulSet at `key` wants.
    pub fn scale(&mut self, now: SimTime, key: &Key, replicas: i32) -> Answer<Object> {
        let Some(set) = self.store.get::<StatefulSet>(key) else {
            return Err(Status::not_found(Kind::StatefulSet, &key.name));
        };
        if replicas < 0 {
            let rule = "must be greater than or equal to 0";
            let cause = Cause::invalid("spec.replicas", replicas, rule);
            let mut status = Status::invalid(Kind::StatefulSet, &key.name, vec![cause]);
            status.kind = "Scale".into();
            status.group = "autoscaling".into();
            status.message = status.message.replacen("StatefulSet.apps", "Scale.autoscaling", 1);
            return Err(status);
        }
        let mut set: StatefulSet = (**set).clone();
        Rc::make_mut(&mut set.spec).replicas = Some(replicas);
        self.update(now, Object::StatefulSet(Rc::new(set)))
    }
}
