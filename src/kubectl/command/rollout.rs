//! `kubectl rollout` as far as it writes: restart and undo of StatefulSets and DaemonSets.
//!
//! Not here yet: status and history, which only read; Deployments.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/polymorphichelpers/{rollback,objectrestarter}.go

use super::target::named;
use super::{Failure, Shell, refusal};
use crate::api::apps::stateful_set::ControllerRevision;
use crate::api::core::pod::PodTemplateSpec;
use crate::api::json::{Json, Reader};
use crate::api::kinds::{Kind, ObjectRef};
use crate::api::meta::ResourceVersion;
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
            if !matches!(target.kind, Kind::StatefulSet | Kind::DaemonSet) {
                return Err(format!("error: {name} has no rollout here"));
            }
            match verb {
                "restart" => {
                    let now = self.now.rfc3339();
                    self.retemplate(&target, |template| {
                        template.meta.annotations.set(RESTARTED_AT, now);
                    })?;
                    self.say(format!("{name} restarted"));
                }
                "undo" => self.undo(args, &target, &name)?,
                "pause" | "resume" => {
                    return Err(format!(
                        "error: {} {:?} {verb} is not supported",
                        target.kind.info().resource(),
                        &*target.key.name
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Changes the template of the newest `target`.
    fn retemplate(
        &mut self,
        target: &ObjectRef,
        change: impl FnOnce(&mut PodTemplateSpec),
    ) -> Result<(), Failure> {
        let mut object = self.find(target)?;
        object.template_mut().map(change);
        object.meta_mut().resource_version = ResourceVersion(0);
        self.server.update(self.now, object).map(drop).map_err(refusal)
    }

    fn undo(&mut self, args: &Args, target: &ObjectRef, name: &str) -> Result<(), Failure> {
        let object = self.find(target)?;
        let store = &self.server.store;
        let mut history: Vec<&Rc<ControllerRevision>> =
            store.dependents_of::<ControllerRevision>(object.meta().uid).collect();
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
        if object.template() == Some(&template) {
            self.say(format!(
                "{name} skipped rollback (current template already matches revision {number})"
            ));
            return Ok(());
        }
        self.retemplate(target, |newest| *newest = template)?;
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
