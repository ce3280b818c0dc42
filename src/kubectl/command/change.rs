//! Commands that create and change objects: apply, create -f, replace, patch, set.
//!
//! Not here yet: `kubectl edit`; of the generators of `kubectl create` all but
//! `namespace`.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/{apply,create,replace,patch,set}

use super::target::named;
use super::{Failure, Shell, refusal};
use crate::api::core::config::Namespace;
use crate::api::core::container::{Container, EnvVar, ResourceRequirements};
use crate::api::json::{Json, Reader};
use crate::api::kinds::{Object, ObjectRef};
use crate::api::manifest;
use crate::api::meta::{ObjectMeta, ResourceVersion};
use crate::apiserver::apply::{Applied, apply_text_in};
use crate::apiserver::patch::{Patch, PatchType};
use crate::apiserver::strategy;
use crate::apiserver::{DryRun, managed};
use crate::kubectl::args::Args;
use serde_json::Value;
use std::rc::Rc;

impl Shell<'_> {
    pub(super) fn apply(&mut self, args: &Args) -> Result<(), Failure> {
        let text = self.file(args)?;
        if args.is_set("server-side") {
            return self.apply_server_side(args, &text);
        }
        let namespace = args.get("namespace").unwrap_or("default");
        let report = apply_text_in(self.server, self.now, &text, namespace);
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

    fn apply_server_side(&mut self, args: &Args, text: &str) -> Result<(), Failure> {
        let manifests = manifest::read_in(text, args.get("namespace").unwrap_or("default"));
        let file = args.get("filename").unwrap_or("");
        if !manifests.said.is_empty() {
            let said = manifests.said.iter().map(|line| line.replace("{}", file));
            return Err(said.collect::<Vec<String>>().join("\n"));
        }
        let mut failures = Vec::new();
        for manifest in &manifests.objects {
            let reference = manifest.object().reference();
            let applied = managed::Applied {
                tree: &manifest.tree,
                manager: args.get("field-manager").unwrap_or(managed::KUBECTL),
                force: args.is_set("force-conflicts"),
                dry_run: DryRun::Off,
            };
            match self.server.apply_as_kubectl(self.now, manifest.kind, &reference.key, &applied) {
                Ok(_) => self.say(format!("{} serverside-applied", named(&reference))),
                Err(status) if status.is_conflict() => {
                    failures.push(format!("error: {}\n{CONFLICT_ADVICE}", status.message));
                }
                Err(status) => failures.push(refusal(status)),
            }
        }
        if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
    }

    pub(super) fn create(&mut self, args: &Args) -> Result<(), Failure> {
        if args.get("filename").is_none() {
            return self.create_namespace(args);
        }
        let text = self.file(args)?;
        let manifests = manifest::read_in(&text, args.get("namespace").unwrap_or("default"));
        let name = args.get("filename").unwrap_or("");
        if !manifests.said.is_empty() {
            let said = manifests.said.iter().map(|line| line.replace("{}", name));
            return Err(said.collect::<Vec<String>>().join("\n"));
        }
        let mut failures = Vec::new();
        for manifest in &manifests.objects {
            let object = manifest.object();
            for warning in strategy::warnings(&object) {
                self.warn(format!("Warning: {warning}"));
            }
            match self.server.create(self.now, object) {
                Ok(object) => self.say(format!("{} created", named(&object.reference()))),
                Err(status) if status.reason == "Invalid" => failures.push(refusal(status)),
                Err(mut status) => {
                    let why = status.message;
                    status.message = format!("error when creating {name:?}: {why}");
                    failures.push(refusal(status));
                }
            }
        }
        if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
    }

    /// `create namespace`, the one generator there is.
    fn create_namespace(&mut self, args: &Args) -> Result<(), Failure> {
        let (Some("namespace" | "ns"), Some(name)) =
            (args.words.get(1).map(String::as_str), args.words.get(2))
        else {
            return Ok(());
        };
        let meta = ObjectMeta { name: name.as_str().into(), ..ObjectMeta::default() };
        let namespace = Namespace { meta, ..Namespace::default() };
        let object = Object::Namespace(Rc::new(namespace));
        self.server.create(self.now, object).map_err(refusal)?;
        self.say(format!("namespace/{name} created"));
        Ok(())
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
    pub(super) fn documents(&self, args: &Args, text: &str) -> Result<Vec<ObjectRef>, Failure> {
        let manifests = manifest::read_in(text, args.get("namespace").unwrap_or("default"));
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
            None | Some("strategic") => PatchType::Strategic,
            Some(other) => {
                return Err(format!(
                    "error: --type must be one of [json merge strategic], not {other:?}"
                ));
            }
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

    /// `set image`, `set env` and `set resources`.
    pub(super) fn set(&mut self, args: &Args) -> Result<(), Failure> {
        let what = args.words.get(1).map_or("", String::as_str);
        let (changed, said) = match what {
            "image" => (set_images as Setter, "image updated"),
            "env" => (set_env as Setter, "env updated"),
            "resources" => (set_resources as Setter, "resource requirements updated"),
            _ => return Ok(()),
        };
        let words: Vec<&str> = args.words.iter().skip(2).map(String::as_str).collect();
        let (pairs, others): (Vec<&str>, Vec<&str>) =
            words.iter().partition(|word| word.contains('='));
        for target in self.targets(args, &others)? {
            let before = self.find(&target)?;
            let mut object = before.clone();
            let Some(template) = object.template_mut() else {
                return Ok(());
            };
            let containers = Rc::make_mut(&mut Rc::make_mut(&mut template.spec).containers);
            changed(containers, &pairs, args)?;
            if object == before {
                continue;
            }
            object.meta_mut().resource_version = ResourceVersion(0);
            self.server.update(self.now, object).map_err(refusal)?;
            self.say(format!("{} {said}", named(&target)));
        }
        Ok(())
    }
}

/// What kubectl says below the conflicts of a server-side apply.
pub const CONFLICT_ADVICE: &str = "\
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the `--force-conflicts` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts";

type Setter = fn(&mut [Container], &[&str], &Args) -> Result<(), Failure>;

fn set_images(containers: &mut [Container], pairs: &[&str], _: &Args) -> Result<(), Failure> {
    for (name, image) in pairs.iter().filter_map(|pair| pair.split_once('=')) {
        let mut known = containers.iter_mut();
        let all = name == "*";
        let Some(container) = known.find(|c| all || *c.name == *name) else {
            return Err(format!("error: unable to find container named {name:?}"));
        };
        container.image = image.into();
    }
    Ok(())
}

/// The containers that `--containers` (`-c`) names, or all.
fn chosen<'c>(
    containers: &'c mut [Container],
    args: &'c Args,
) -> impl Iterator<Item = &'c mut Container> {
    let wanted = args.get("containers").or(args.get("container")).unwrap_or("*");
    containers.iter_mut().filter(move |container| wanted == "*" || *container.name == *wanted)
}

fn set_env(containers: &mut [Container], pairs: &[&str], args: &Args) -> Result<(), Failure> {
    for container in chosen(containers, args) {
        for (name, value) in pairs.iter().filter_map(|pair| pair.split_once('=')) {
            let variable = EnvVar { name: name.into(), value: value.into(), ..EnvVar::default() };
            match container.env.iter_mut().find(|known| *known.name == *name) {
                Some(known) => *known = variable,
                None => container.env.push(variable),
            }
        }
    }
    Ok(())
}

fn set_resources(containers: &mut [Container], _: &[&str], args: &Args) -> Result<(), Failure> {
    let list = |flag: &str| -> Value {
        let pairs = args.get(flag).unwrap_or("").split(',');
        let pairs = pairs.filter_map(|pair| pair.split_once('='));
        Value::Object(pairs.map(|(k, v)| (k.to_string(), Value::from(v))).collect())
    };
    let mut tree = serde_json::Map::new();
    for flag in ["limits", "requests"].into_iter().filter(|flag| args.get(flag).is_some()) {
        tree.insert(flag.to_string(), list(flag));
    }
    if tree.is_empty() {
        let text = "error: you must specify an update to requests or limits (in the form of \
                    --requests/--limits)";
        return Err(text.to_string());
    }
    let wanted = ResourceRequirements::read(&Value::Object(tree), &mut Reader::default());
    for container in chosen(containers, args) {
        if args.get("limits").is_some() {
            container.resources.limits = wanted.limits.clone();
        }
        if args.get("requests").is_some() {
            container.resources.requests = wanted.requests.clone();
        }
    }
    Ok(())
}

fn is_success(line: &str) -> bool {
    [" created", " configured", " unchanged"].iter().any(|end| line.ends_with(end))
}
