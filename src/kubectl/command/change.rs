//! Commands that create and change objects: apply, create -f, replace, patch, set.
//!
//! Not here yet: server-side apply, `kubectl edit`, generators of `kubectl create`.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/{apply,create,replace,patch,set}

use super::target::named;
use super::{Failure, Shell, refusal};
use crate::api::apps::stateful_set::StatefulSet;
use crate::api::kinds::{Object, ObjectRef};
use crate::api::manifest;
use crate::api::meta::ResourceVersion;
use crate::apiserver::apply::{Applied, apply_text};
use crate::apiserver::patch::{Patch, PatchType};
use crate::kubectl::args::Args;
use std::rc::Rc;

impl Shell<'_> {
    pub(super) fn apply(&mut self, args: &Args) -> Result<(), Failure> {
        if args.get("filename").is_none() || args.is_set("server-side") || is_dry(args) {
            return Ok(());
        }
        let text = self.file(args)?;
        let report = apply_text(self.server, self.now, &text);
        let name = args.get("filename").unwrap_or("");
        let done = report.outcomes.iter().any(|o| !matches!(o.result, Applied::Refused(_)));
        for line in report.lines_of(name) {
            match line.starts_with("Warning: ") || !report.is_fine() && !is_success(&line) {
                true => self.warn(line),
                false => self.say(line),
            }
        }
        self.reply.code = i64::from(!report.is_fine() || !done && !report.outcomes.is_empty());
        Ok(())
    }

    pub(super) fn create(&mut self, args: &Args) -> Result<(), Failure> {
        if is_dry(args) {
            return Ok(());
        }
        let text = self.file(args)?;
        let manifests = manifest::read(&text);
        if let Some(problem) = manifests.problems.first() {
            return Err(format!("error: {}", problem.message));
        }
        let mut failures = Vec::new();
        for manifest in &manifests.objects {
            match self.server.create(self.now, manifest.object()) {
                Ok(object) => self.say(format!("{} created", named(&object.reference()))),
                Err(status) => failures.push(refusal(status)),
            }
        }
        if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
    }

    pub(super) fn replace(&mut self, args: &Args) -> Result<(), Failure> {
        let text = self.file(args)?;
        for manifest in &manifest::read(&text).objects {
            let mut object = manifest.object();
            if object.meta().namespace.is_empty() && manifest.kind.info().namespaced {
                object.meta_mut().namespace = "default".into();
            }
            let object = self.server.update(self.now, object).map_err(refusal)?;
            self.say(format!("{} replaced", named(&object.reference())));
        }
        Ok(())
    }

    /// The objects that a file of manifests names.
    pub(super) fn documents(&self, text: &str) -> Result<Vec<ObjectRef>, Failure> {
        let manifests = manifest::read(text);
        if let Some(problem) = manifests.problems.first() {
            return Err(format!("error: {}", problem.message));
        }
        let reference = |manifest: &manifest::Manifest| {
            let mut reference = manifest.object().reference();
            if reference.key.namespace.is_empty() && manifest.kind.info().namespaced {
                reference.key.namespace = "default".into();
            }
            reference
        };
        Ok(manifests.objects.iter().map(reference).collect())
    }

    pub(super) fn patch(&mut self, args: &Args) -> Result<(), Failure> {
        let words: Vec<&str> = args.words.iter().skip(1).map(String::as_str).collect();
        let text = args.get("patch").ok_or("error: must specify --patch or --patch-file")?;
        let kind = match args.get("type") {
            Some("json") => PatchType::Json,
            Some("merge") => PatchType::Merge,
            _ => PatchType::Strategic,
        };
        let mut patch = Patch::parse(kind, text).map_err(refusal)?;
        patch.status = args.get("subresource") == Some("status");
        for target in self.targets(args, &words)? {
            let done = self.server.patch(self.now, target.kind, &target.key, &patch);
            let done = done.map_err(refusal)?;
            for warning in &done.warnings {
                self.warn(format!("Warning: {warning}"));
            }
            let how = if done.changed { "patched" } else { "patched (no change)" };
            self.say(format!("{} {how}", named(&target)));
        }
        Ok(())
    }

    /// `set image`, of StatefulSets.
    pub(super) fn set(&mut self, args: &Args) -> Result<(), Failure> {
        if args.words.get(1).map(String::as_str) != Some("image") {
            return Ok(());
        }
        let words: Vec<&str> = args.words.iter().skip(2).map(String::as_str).collect();
        let (pairs, others): (Vec<&str>, Vec<&str>) =
            words.iter().partition(|word| word.contains('='));
        for target in self.targets(args, &others)? {
            let Object::StatefulSet(set) = self.find(&target)? else {
                return Ok(());
            };
            let mut set: StatefulSet = (*set).clone();
            let before = set.clone();
            let spec = Rc::make_mut(&mut set.spec);
            let containers = Rc::make_mut(&mut Rc::make_mut(&mut spec.template.spec).containers);
            for (name, image) in pairs.iter().filter_map(|pair| pair.split_once('=')) {
                let mut known = containers.iter_mut();
                let all = name == "*";
                let Some(container) = known.find(|c| all || *c.name == *name) else {
                    return Err(format!("error: unable to find container named {name:?}"));
                };
                container.image = image.into();
            }
            if set == before {
                continue;
            }
            set.meta.resource_version = ResourceVersion(0);
            let object = Object::StatefulSet(Rc::new(set));
            self.server.update(self.now, object).map_err(refusal)?;
            self.say(format!("{} image updated", named(&target)));
        }
        Ok(())
    }
}

fn is_dry(args: &Args) -> bool {
    args.get("dry-run").is_some_and(|how| how != "none")
}

fn is_success(line: &str) -> bool {
    [" created", " configured", " unchanged"].iter().any(|end| line.ends_with(end))
}
