//! The scale subresource: how many replicas, apart from everything else.
//!
//! Upstream: pkg/registry/apps/{statefulset,deployment,replicaset}/storage/storage.go
//! (ScaleREST), pkg/apis/autoscaling/validation/validation.go

use super::status::{Cause, Status};
use super::verbs::How;
use super::{Answer, ApiServer, DryRun};
use crate::api::kinds::{Key, Kind, Object};
use crate::base::time::SimTime;
use serde_json::{Value, json};
use std::rc::Rc;

impl ApiServer {
    /// Sets how many Pods the object of `kind` at `key` wants. Refused if it is not there, has
    /// no such number, or the number is negative.
    pub fn scale(&mut self, now: SimTime, kind: Kind, key: &Key, replicas: i32) -> Answer<Object> {
        let Some(object) = self.store.object(kind, key) else {
            return Err(Status::not_found(kind, &key.name));
        };
        let mut object = object.clone();
        if replicas < 0 {
            let rule = "must be greater than or equal to 0";
            let cause = Cause::invalid("spec.replicas", replicas, rule);
            let mut status = Status::invalid(kind, &key.name, vec![cause]);
            let was = format!("{}.{}", kind.info().name, kind.info().group);
            status.kind = "Scale".into();
            status.group = "autoscaling".into();
            status.message = status.message.replacen(&was, "Scale.autoscaling", 1);
            return Err(status);
        }
        *match &mut object {
            Object::StatefulSet(set) => &mut Rc::make_mut(&mut Rc::make_mut(set).spec).replicas,
            Object::Deployment(new) => &mut Rc::make_mut(&mut Rc::make_mut(new).spec).replicas,
            Object::ReplicaSet(set) => &mut Rc::make_mut(&mut Rc::make_mut(set).spec).replicas,
            _ => {
                return Err(no_such_resource());
            }
        } = Some(replicas);
        self.update_as(now, object, DryRun::Off, How::By("scale"))
    }
}

/// What the server says of a path at which there is nothing.
pub fn no_such_resource() -> Status {
    let mut status = Status::bad_request("the server could not find the requested resource");
    (status.code, status.reason) = (404, "NotFound");
    status
}

/// How many Pods an object wants; `None` of kinds that have no such number.
pub fn replicas(object: &Object) -> Option<i32> {
    match object {
        Object::StatefulSet(set) => Some(set.replicas()),
        Object::Deployment(deployment) => Some(deployment.replicas()),
        Object::ReplicaSet(set) => Some(set.replicas()),
        _ => None,
    }
}

/// What the scale subresource shows of an object.
pub fn of(object: &Object) -> Answer<Value> {
    let Some(wanted) = replicas(object) else { return Err(no_such_resource()) };
    let tree = object.to_value();
    let mut meta = json!({});
    for key in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        meta[key] = tree["metadata"][key].clone();
    }
    let labels = tree["spec"]["selector"]["matchLabels"].as_object();
    let pairs = labels.into_iter().flatten();
    let pairs = pairs.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or("")));
    let pairs: Vec<String> = pairs.collect();
    let replicas = tree["status"]["replicas"].as_i64().unwrap_or(0);
    Ok(json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": meta,
        "spec": {"replicas": wanted},
        "status": {"replicas": replicas, "selector": pairs.join(",")},
    }))
}
