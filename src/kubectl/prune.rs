//! `kubectl apply --prune`: what was applied before and is not in the files any more is deleted.
//!
//! Not here: sets of applied objects (`--applyset`).
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/apply/prune.go, pkg/util/prune/prune.go

use super::apply::{last_applied, removal};
use super::cx::{Cx, Failure, Outcome, Task};
use crate::api::kinds::{Kind, ObjectRef};

/// The kinds looked through, in order, unless `--prune-allowlist` says otherwise.
const KINDS: &str = "ConfigMap Endpoints PersistentVolumeClaim Pod Secret Service Job DaemonSet \
    Deployment ReplicaSet StatefulSet Namespace PersistentVolume";

/// Looks whether `--prune` may be, and lets it follow what is applied.
pub fn begin(cx: &mut Cx<'_, '_>) -> Result<(), Failure> {
    let args = cx.args;
    if args.is_set("force") {
        return Err(Failure::new("--force cannot be used with --prune"));
    }
    if !args.is_set("all") && args.text("selector").is_empty() {
        return Err(Failure::new(
            "all resources selected for prune without explicitly passing --all. To prune all \
             resources, pass the --all flag. If you did not mean to prune all resources, specify \
             a label selector",
        ));
    }
    if args.is_set("server-side") {
        return Err(Failure::new(
            "--prune is in alpha and doesn't currently work on objects created by server-side \
             apply",
        ));
    }
    kinds(cx)?;
    if args.get("prune-allowlist").is_none() {
        let now = cx.now().rfc3339_micro();
        let (month, day, time) = (&now[5..7], &now[8..10], &now[11..26]);
        cx.warn(format!(
            "W{month}{day} {time}       1 prune.go:71] Deprecated: kubectl apply will no longer \
             prune non-namespaced resources by default when used with the --namespace flag in a \
             future release. To preserve the current behaviour, list the resources you want to \
             target explicitly in the --prune-allowlist flag."
        ));
    }
    cx.next = Some(prune);
    Ok(())
}

fn kinds(cx: &Cx<'_, '_>) -> Result<Vec<Kind>, Failure> {
    let given = cx.args.each("prune-allowlist");
    if given.is_empty() {
        return Ok(KINDS.split(' ').filter_map(Kind::by_name).collect());
    }
    let read = |text: &str| {
        let parts: Vec<&str> = text.split('/').collect();
        let [group, version, name] = parts[..] else {
            return Err(Failure::new(format!(
                "invalid GroupVersionKind format: {text}, please follow <group/version/kind>"
            )));
        };
        let group = if group == "core" { "" } else { group };
        let fits = |kind: &Kind| kind.info().group == group && kind.info().version == version;
        Kind::by_name(name).filter(fits).ok_or_else(|| {
            let version = [group, version].join("/");
            let version = version.trim_start_matches('/');
            Failure::new(format!("no matches for kind {name:?} in version {version:?}"))
        })
    };
    given.into_iter().map(read).collect()
}

fn prune(cx: &mut Cx<'_, '_>) -> Outcome {
    let items = cx.items_of_files(&[])?.unwrap_or_default();
    let visited: Vec<ObjectRef> = items.into_iter().map(|item| item.target).collect();
    let mut spaces: Vec<_> = visited.iter().map(|target| target.key.namespace.clone()).collect();
    crate::base::sorted::sort(&mut spaces);
    spaces.dedup();
    let kinds = kinds(cx)?;
    let (spaced, global): (Vec<Kind>, _) =
        kinds.into_iter().partition(|kind| kind.info().namespaced);
    let mut looks: Vec<(Kind, Option<&str>)> = Vec::new();
    for space in spaces.iter().filter(|space| !space.is_empty()) {
        looks.extend(spaced.iter().map(|kind| (*kind, Some(&**space))));
    }
    looks.extend(global.into_iter().map(|kind| (kind, None)));
    let mut gone = Vec::new();
    for (kind, space) in looks {
        let found = cx.chosen(kind, space)?;
        let ours = found.iter().filter(|one| last_applied(one).is_some());
        gone.extend(ours.map(|one| one.reference()));
    }
    gone.retain(|target| !visited.contains(target));
    for target in gone {
        if cx.dry_run() != Some(false) {
            let grace = cx.args.number("grace-period").filter(|grace| *grace >= 0);
            let request = removal(cx, &target, grace);
            cx.send(&request)?;
        }
        let (name, dry) = (cx.named(&target), cx.dry_words());
        cx.say(format!("{name} pruned{dry}"));
    }
    Ok(Task::Done)
}
