//! `kubectl rollout` as far as it writes: restart and undo of StatefulSets.
//!
//! Not here yet: status and history, which only read; Deployments and DaemonSets.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/polymorphichelpers/{rollback,objectrestarter}.go

use super::target::named;
use super::{Failure, Shell, refusal};
use crate::api::apps::stateful_set::{ControllerRevision, StatefulSet};
use crate::api::core::pod::PodTemplateSpec;
use crate::api::json::{Json, Reader};
use crate::api::kinds::{Key, Kind};
use crate::base::sorted;
use crate::kubectl::args::Args;
use serde_json::Value;
use std::rc::Rc;

const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

impl Shell<'_> {
    pub(super) fn rollout(&mut self, args: &Args) -> Result<(), Failure> {
        let words: Vec<&str> = args.words.iter().skip(2).map(String::as_str).collect();
        let verb = args.words.get(1).map_or("", String::as_str);
        for target in self.targets(args, &words)? {
            let name = named(&target);
            if target.kind != Kind::StatefulSet {
                return Err(format!("error: {name} has no rollout here"));
            }
            match verb {
                "restart" => {
                    let now = self.now.rfc3339();
                    let restarted = self.client().patch::<StatefulSet>(&target.key, |set| {
                        let template = &mut Rc::make_mut(&mut set.spec).template;
                        template.meta.annotations.set(RESTARTED_AT, now);
                    });
                    restarted.map_err(refusal)?;
                    self.say(format!("{name} restarted"));
                }
                "undo" => self.undo(args, &target.key, &name)?,
                "pause" | "resume" => {
                    return Err(format!(
                        "error: statefulsets.apps {:?} {verb} is not supported",
                        &*target.key.name
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn undo(&mut self, args: &Args, key: &Key, name: &str) -> Result<(), Failure> {
        let set = self.client().get::<StatefulSet>(key).map_err(refusal)?;
        let store = &self.server.store;
        let mut history: Vec<&Rc<ControllerRevision>> =
            store.dependents_of::<ControllerRevision>(set.meta.uid).collect();
        sorted::sort_by_key(&mut history, |revision| revision.revision);
        let wanted = args.get("to-revision").and_then(|n| n.parse().ok()).unwrap_or(0);
        let found = match wanted {
            0 => history.iter().rev().nth(1),
            number => history.iter().find(|revision| revision.revision == number),
        };
        let Some(revision) = found else {
            return Err(match wanted {
                0 => "error: no last revision to roll back to".to_string(),
                number => format!("error: unable to find specified revision {number} in history"),
            });
        };
        let number = revision.revision;
        let template = template_of(&revision.data);
        if template == set.spec.template {
            self.say(format!(
                "{name} skipped rollback (current template already matches revision {number})"
            ));
            return Ok(());
        }
        let patched = self.client().patch::<StatefulSet>(key, |set| {
            Rc::make_mut(&mut set.spec).template = template;
        });
        patched.map_err(refusal)?;
        self.say(format!("{name} rolled back"));
        Ok(())
    }
}

/// The template that a revision remembers.
fn template_of(data: &Value) -> PodTemplateSpec {
    let mut template = data["spec"]["template"].clone();
    if let Value::Object(map) = &mut template {
        map.remove("$patch");
    }
    PodTemplateSpec::read(&template, &mut Reader::default())
}
