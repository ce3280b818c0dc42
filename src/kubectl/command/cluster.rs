//! Commands that delete, scale, label, taint, cordon and drain.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/{delete,scale,label,annotate,taint,drain}

use super::target::named;
use super::{Failure, Shell, refusal};
use crate::api::core::node::{Node, Taint};
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::api::meta::ResourceVersion;
use crate::apiserver::{DeleteOptions, Propagation, scale};
use crate::base::time::Span;
use crate::client::api::Client;
use crate::kubectl::args::Args;

impl Shell<'_> {
    pub(super) fn client(&mut self) -> Client<'_> {
        Client { now: self.now, server: self.server }
    }

    pub(super) fn delete(&mut self, args: &Args) -> Result<(), Failure> {
        let targets = self.deleted_targets(args)?;
        let force = args.is_set("force");
        let grace = args.get("grace-period").and_then(|n| n.parse().ok());
        let grace = match (force, args.is_set("now"), grace) {
            (true, _, None) => Some(0),
            (_, true, None) => Some(1),
            (_, _, Some(seconds)) if seconds < 0 => None,
            // Without force, kubectl waits for at least a second.
            (false, _, Some(0)) => Some(1),
            (_, _, grace) => grace,
        };
        if force && grace == Some(0) {
            self.warn(
                "Warning: Immediate deletion does not wait for confirmation that the running \
                 resource has been terminated. The resource may continue to run on the cluster \
                 indefinitely.",
            );
        }
        let propagation = match args.get("cascade") {
            Some("orphan" | "false") => Propagation::Orphan,
            Some("foreground") => Propagation::Foreground,
            _ => Propagation::Background,
        };
        let mut failures = Vec::new();
        for target in targets {
            let options = DeleteOptions {
                grace_period_seconds: grace,
                propagation,
                ..DeleteOptions::default()
            };
            let done = self.server.delete(self.now, target.kind, &target.key, &options);
            match done {
                Ok(_) => self.say(deleted(&target, force && grace == Some(0))),
                Err(status) if status.is_not_found() && args.is_set("ignore-not-found") => {}
                Err(mut status) => {
                    if let Some(file) = args.get("filename") {
                        status.message =
                            format!("error when deleting {file:?}: {}", status.message);
                    }
                    failures.push(refusal(status));
                }
            }
        }
        if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
    }

    /// What a `delete` means.
    pub(super) fn deleted_targets(&self, args: &Args) -> Result<Vec<ObjectRef>, Failure> {
        let words: Vec<&str> = args.words.iter().skip(1).map(String::as_str).collect();
        match args.get("filename") {
            Some(_) => self.documents(args, &self.file(args)?),
            None => self.targets(args, &words),
        }
    }

    pub(super) fn scale(&mut self, args: &Args) -> Result<(), Failure> {
        let words: Vec<&str> = args.words.iter().skip(1).map(String::as_str).collect();
        let replicas = args.get("replicas").and_then(|n| n.parse().ok());
        let replicas: i32 = replicas.ok_or("error: required flag(s) \"replicas\" not set")?;
        if replicas < 0 {
            return Err("error: The --replicas=COUNT flag is required, and COUNT must be greater \
                        than or equal to 0"
                .to_string());
        }
        for target in self.targets(args, &words)? {
            let object = self.find(&target)?;
            let wanted = args.get("current-replicas");
            if let (Some(wanted), Some(now)) = (wanted, scale::replicas(&object))
                && wanted.parse() != Ok(now)
            {
                return Err(format!("error: Expected replicas to be {wanted}, was {now}"));
            }
            self.server.scale(self.now, target.kind, &target.key, replicas).map_err(refusal)?;
            self.say(format!("{} scaled", named(&target)));
        }
        Ok(())
    }

    /// `label`, or `annotate`.
    pub(super) fn label(&mut self, args: &Args, annotate: bool) -> Result<(), Failure> {
        let words: Vec<&str> = args.words.iter().skip(1).map(String::as_str).collect();
        let is_pair = |word: &&&str| word.contains('=') || word.ends_with('-');
        let pairs: Vec<&str> = words.iter().filter(is_pair).copied().collect();
        let others: Vec<&str> = words.iter().filter(|w| !is_pair(w)).copied().collect();
        for target in self.targets(args, &others)? {
            let mut object = self.find(&target)?;
            let meta = object.meta_mut();
            let map = if annotate { &mut meta.annotations } else { &mut meta.labels };
            let before = map.clone();
            for pair in &pairs {
                match pair.split_once('=') {
                    Some((key, value)) => {
                        let taken = map.get(key).filter(|old| ***old != *value);
                        if let Some(old) = taken.filter(|_| !args.is_set("overwrite")) {
                            if annotate {
                                return Err(format!(
                                    "error: --overwrite is false but found the following \
                                     declared annotation(s): '{key}' already has a value ({old})"
                                ));
                            }
                            return Err(format!(
                                "error: '{key}' already has a value ({old}), and --overwrite is \
                                 false"
                            ));
                        }
                        map.set(key, value);
                    }
                    None => drop(map.remove(pair.trim_end_matches('-'))),
                }
            }
            let changed = *map != before;
            let removed = pairs.iter().all(|pair| !pair.contains('='));
            meta.resource_version = ResourceVersion(0);
            self.server.update(self.now, object).map_err(refusal)?;
            let how = match (annotate, changed, removed) {
                (true, _, _) => "annotated",
                (false, false, _) => "not labeled",
                (false, true, true) => "unlabeled",
                (false, true, false) => "labeled",
            };
            self.say(format!("{} {how}", named(&target)));
        }
        Ok(())
    }

    pub(super) fn taint(&mut self, args: &Args) -> Result<(), Failure> {
        let words: Vec<&str> = args.words.iter().skip(2).map(String::as_str).collect();
        let is_taint = |word: &&&str| word.contains(':') || word.ends_with('-');
        let taints: Vec<&str> = words.iter().filter(is_taint).copied().collect();
        for node in words.iter().filter(|word| !is_taint(word)) {
            let at = Key::global(*node);
            let mut taken = self.client().get::<Node>(&at).map_err(refusal)?.spec.taints.clone();
            let mut fresh: Vec<Taint> = Vec::new();
            for taint in &taints {
                let gone = taint.ends_with('-');
                let (pair, effect) = taint
                    .trim_end_matches('-')
                    .split_once(':')
                    .unwrap_or((taint.trim_end_matches('-'), ""));
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                let same =
                    |old: &Taint| *old.key == *key && (effect.is_empty() || *old.effect == *effect);
                if gone && !taken.iter().any(same) {
                    let name = taint.trim_end_matches('-');
                    return Err(format!("error: taint {name:?} not found"));
                }
                taken.retain(|old| !same(old));
                if !gone {
                    let (key, value, effect) = (key.into(), value.into(), effect.into());
                    fresh.push(Taint { key, value, effect, ..Taint::default() });
                }
            }
            let how = if fresh.is_empty() { "untainted" } else { "tainted" };
            // New ones come first.
            fresh.append(&mut taken);
            let written = self.client().patch::<Node>(&at, |node| node.spec.taints = fresh);
            written.map_err(refusal)?;
            self.say(format!("node/{node} {how}"));
        }
        Ok(())
    }

    pub(super) fn cordon(&mut self, args: &Args, on: bool) -> Result<(), Failure> {
        let word = if on { "cordoned" } else { "uncordoned" };
        for node in args.words.iter().skip(1) {
            let at = Key::global(node.as_str());
            let found = self.client().get::<Node>(&at).map_err(refusal)?;
            if found.spec.unschedulable == on {
                self.say(format!("node/{node} already {word}"));
                continue;
            }
            let written = self.client().patch::<Node>(&at, |node| node.spec.unschedulable = on);
            written.map_err(refusal)?;
            self.say(format!("node/{node} {word}"));
        }
        Ok(())
    }

    /// One round of a drain: cordons, and evicts whatever is still there. It goes on as long
    /// as a budget refuses.
    pub(super) fn drain(&mut self, args: &Args) -> Result<(), Failure> {
        let Some(name) = args.words.get(1).cloned() else {
            return Err("error: USAGE: drain NODE [flags]".to_string());
        };
        self.cordon(args, true)?;
        let on = name.as_str().into();
        let pods = self.server.store.pods_on(&on).cloned();
        let mut pods: Vec<_> =
            pods.filter(|pod| !pod.is_terminating() && !is_daemon(pod)).collect();
        pods.sort_by_key(|pod| Key::of(&pod.meta));
        let grace_period_seconds = args.get("grace-period").and_then(|n| n.parse().ok());
        let options = DeleteOptions { grace_period_seconds, ..DeleteOptions::default() };
        // All at once upstream, where of threads started in a row the last runs first.
        for pod in pods.iter().rev() {
            let key = Key::of(&pod.meta);
            let done = if args.is_set("disable-eviction") {
                self.server.delete(self.now, Kind::Pod, &key, &options).map(drop)
            } else {
                self.server.evict(self.now, &key, &options)
            };
            match done {
                Ok(()) => self.say(format!("evicting pod {key}")),
                Err(status) if status.code == 429 => {
                    self.warn(format!(
                        "error when evicting pods/{:?} -n {:?} (will retry after 5s): {}",
                        &*key.name, &*key.namespace, status.message
                    ));
                    self.reply.again = Some(Span::seconds(5));
                }
                Err(status) if status.is_not_found() => {}
                Err(status) => return Err(refusal(status)),
            }
        }
        Ok(())
    }
}

fn is_daemon(pod: &Pod) -> bool {
    pod.meta.controller_of().is_some_and(|owner| &*owner.kind == "DaemonSet")
}

/// The command that deletes `target` as `args` say.
pub(super) fn delete_line(target: &ObjectRef, args: &Args) -> String {
    let mut line = format!("kubectl delete {}/{}", target.kind.info().plural, target.key.name);
    if !target.key.namespace.is_empty() {
        line.push_str(&format!(" --namespace={}", target.key.namespace));
    }
    for name in ["grace-period", "cascade", "force", "now", "ignore-not-found"] {
        if let Some(value) = args.get(name) {
            line.push_str(&format!(" --{name}={value}"));
        }
    }
    line
}

fn deleted(target: &ObjectRef, force: bool) -> String {
    let how = if force { "force deleted" } else { "deleted" };
    let place = match &*target.key.namespace {
        "" => String::new(),
        namespace => format!(" from {namespace} namespace"),
    };
    format!("{} {:?} {how}{place}", target.kind.info().qualified(), &*target.key.name)
}
