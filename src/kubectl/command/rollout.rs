//! `kubectl rollout` as far as it writes: restart, undo, pause and resume.
//!
//! Not here: status and history, which only read.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/polymorphichelpers/{rollback,objectrestarter,
//! objectpauser,objectresumer}.go and pkg/cmd/rollout

use super::target::named;
use super::{Failure, Shell, refusal};
use crate::api::apps::deployment::{Deployment, ReplicaSet};
use crate::api::apps::stateful_set::ControllerRevision;
use crate::api::core::pod::PodTemplateSpec;
use crate::api::json::{Json, Reader};
use crate::api::kinds::{Object, ObjectRef};
use crate::api::meta::{Labels, ResourceVersion};
use crate::apiserver::apply::LAST_APPLIED;
use crate::base::sorted;
use crate::kubectl::args::Args;
use serde_json::Value;
use std::rc::Rc;

const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";
const REVISION: &str = "deployment.kubernetes.io/revision";

/// Annotations of a Deployment that a rollback leaves alone.
const OWN: [&str; 6] = [
    LAST_APPLIED,
    REVISION,
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
];

impl Shell<'_> {
    pub(super) fn rollout(&mut self, args: &Args) -> Result<(), Failure> {
        let words: Vec<&str> = args.words.iter().skip(2).map(String::as_str).collect();
        let verb = args.words.get(1).map_or("", String::as_str);
        for target in self.targets(args, &words)? {
            match verb {
                "restart" => self.restart(&target)?,
                "undo" => self.undo(args, &target)?,
                "pause" | "resume" => self.pause(&target, verb == "pause")?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes the object that somebody read and changed.
    fn put(&mut self, mut object: Object) -> Result<(), Failure> {
        object.meta_mut().resource_version = ResourceVersion(0);
        self.server.update(self.now, object).map(drop).map_err(refusal)
    }

    fn restart(&mut self, target: &ObjectRef) -> Result<(), Failure> {
        let mut object = self.find(target)?;
        let paused = matches!(&object, Object::Deployment(d) if d.spec.paused);
        let now = self.now.rfc3339();
        match object.template_mut() {
            _ if paused => {
                let why = "can't restart paused deployment (run rollout resume first)";
                return Err(refused(target, why));
            }
            Some(template) if !matches!(target.kind.info().name, "ReplicaSet" | "Job") => {
                template.meta.annotations.set(RESTARTED_AT, now);
            }
            _ => return Err(refused(target, "restarting is not supported")),
        }
        self.put(object)?;
        self.say(format!("{} restarted", named(target)));
        Ok(())
    }

    fn pause(&mut self, target: &ObjectRef, pause: bool) -> Result<(), Failure> {
        let Object::Deployment(mut found) = self.find(target)? else {
            let doing = if pause { "pausing" } else { "resuming" };
            return Err(refused(target, &format!("{doing} is not supported")));
        };
        if found.spec.paused == pause {
            let why = if pause { "is already paused" } else { "is not paused" };
            return Err(refused(target, why));
        }
        Rc::make_mut(&mut Rc::make_mut(&mut found).spec).paused = pause;
        self.put(Object::Deployment(found))?;
        let done = if pause { "paused" } else { "resumed" };
        self.say(format!("{} {done}", named(target)));
        Ok(())
    }

    fn undo(&mut self, args: &Args, target: &ObjectRef) -> Result<(), Failure> {
        let object = self.find(target)?;
        if object.meta().annotations.get(LAST_APPLIED).is_some() {
            self.warn(format!(
                "Warning: resource {}/{} was previously managed with 'kubectl apply'. Rolling \
                 back will not update the kubectl.kubernetes.io/last-applied-configuration \
                 annotation, which may cause unexpected behavior on future 'kubectl apply' \
                 operations. Consider using 'kubectl apply' with your previous configuration \
                 file instead.",
                target.kind.info().plural,
                target.key.name
            ));
        }
        let wanted = args.get("to-revision").and_then(|n| n.parse().ok()).unwrap_or(0);
        let (template, annotations) = match &object {
            Object::StatefulSet(_) | Object::DaemonSet(_) => {
                (self.remembered(&object, wanted)?, None)
            }
            Object::Deployment(found) => {
                let set = self.replica_set(found, wanted)?;
                if found.spec.paused {
                    return Err("error: you cannot rollback a paused deployment; resume it first \
                                with 'kubectl rollout resume' and try again"
                        .to_string());
                }
                let mut template = set.spec.template.clone();
                template.meta.labels.remove("pod-template-hash");
                (template, Some(annotations(&found.meta.annotations, &set.meta.annotations)))
            }
            _ => {
                let info = target.kind.info();
                return Err(format!(
                    "error: no rollbacker has been implemented for \"{}.{}\"",
                    info.name, info.group
                ));
            }
        };
        let mut object = object;
        let Some(now) = object.template_mut() else { return Ok(()) };
        if *now == template {
            let why = format!("current template already matches revision {wanted}");
            self.say(format!("{} skipped rollback ({why})", named(target)));
            return Ok(());
        }
        *now = template;
        if let Some(annotations) = annotations {
            object.meta_mut().annotations = annotations;
        }
        self.put(object)?;
        self.say(format!("{} rolled back", named(target)));
        Ok(())
    }

    /// The template of one of the object's ControllerRevisions.
    fn remembered(&self, object: &Object, wanted: i64) -> Result<PodTemplateSpec, Failure> {
        let store = &self.server.store;
        let mut history: Vec<&Rc<ControllerRevision>> =
            store.dependents_of::<ControllerRevision>(object.meta().uid).collect();
        sorted::sort_by_key(&mut history, |revision| revision.revision);
        let found = match wanted {
            0 => history.iter().rev().nth(1),
            number => history.iter().find(|revision| revision.revision == number),
        };
        let found = found.ok_or_else(|| match wanted {
            0 => "error: no last revision to roll back to".to_string(),
            number => format!("error: unable to find specified revision {number} in history"),
        })?;
        let mut template = found.data["spec"]["template"].clone();
        if let Value::Object(map) = &mut template {
            map.remove("$patch");
        }
        Ok(PodTemplateSpec::read(&template, &mut Reader::default()))
    }

    /// The ReplicaSet of one of the Deployment's revisions.
    fn replica_set(&self, of: &Deployment, wanted: i64) -> Result<Rc<ReplicaSet>, Failure> {
        let revision = |set: &Rc<ReplicaSet>| -> i64 {
            let text = set.meta.annotations.get(REVISION);
            text.and_then(|text| text.parse().ok()).unwrap_or(0)
        };
        let mut sets: Vec<_> =
            self.server.store.dependents_of::<ReplicaSet>(of.meta.uid).cloned().collect();
        sorted::sort_by_key(&mut sets, revision);
        let found = match wanted {
            0 => sets.iter().rev().nth(1),
            number => sets.iter().find(|set| revision(set) == number),
        };
        found.cloned().ok_or_else(|| match wanted {
            0 => format!("error: no rollout history found for deployment {:?}", &*of.meta.name),
            number => format!("error: unable to find specified revision {number} in history"),
        })
    }
}

/// `error: deployments.apps "site" is not paused`.
fn refused(target: &ObjectRef, why: &str) -> Failure {
    format!("error: {} {:?} {why}", target.kind.info().resource(), &*target.key.name)
}

/// The annotations of a Deployment that goes back to a ReplicaSet with the annotations `to`.
fn annotations(now: &Labels, to: &Labels) -> Labels {
    let mut out = Labels::default();
    let own = |key: &str| OWN.contains(&key);
    let kept = now.iter().filter(|(key, _)| own(key));
    for (key, value) in kept.chain(to.iter().filter(|(key, _)| !own(key))) {
        out.set(key, value.clone());
    }
    out
}
