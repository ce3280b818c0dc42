//! Empties Namespaces that are being deleted: first of Pods, then of all else; then it takes its
//! finalizer off, and the Namespace goes.
//!
//! What is left is looked at again after a pause, which is half the grace that Pods have, and 5 s
//! after the controller has written what is left.
//!
//! Not here: what the emptying of a Namespace waits for is said in its conditions only; kinds
//! that cannot be listed or deleted, of which there are none.
//!
//! Upstream: pkg/controller/namespace/namespace_controller.go and
//! pkg/controller/namespace/deletion/namespaced_resources_deleter.go

use crate::api::core::config::Namespace;
use crate::api::core::pod::{Pod, PodPhase};
use crate::api::kinds::{Key, Kind, Object};
use crate::api::meta::{Condition, set_condition};
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::apiserver::{Answer, DeleteOptions};
use crate::base::sorted::SortedMap;
use crate::base::time::{SimTime, Span};
use crate::client::{ControlPlane, Keys, Requeue};
use crate::controller::Controller;

/// Other servers of the control plane may still admit something for so long.
const PAUSE: Span = Span::seconds(5);

/// The finalizer of this controller.
const FINALIZER: &str = "kubernetes";

/// How long something with finalizers is expected to take, in seconds.
const FINALIZER_SECONDS: i64 = 15;

/// Empties Namespaces that are being deleted.
#[derive(Clone, Debug, Default)]
pub struct NamespaceController {}

/// What is left of a Namespace's content.
#[derive(Default)]
struct Rest {
    /// How many of each kind, by its plural and group.
    kinds: SortedMap<String, usize>,
    /// How many hold each finalizer.
    finalizers: SortedMap<String, usize>,
    /// How long it may take, in seconds.
    estimate: i64,
}

impl Controller for NamespaceController {
    const COMPONENT: &'static str = "namespace-controller";

    fn observe(&mut self, _now: SimTime, change: &Change, _cache: &Store, keys: &mut Keys) {
        let namespace = change.new::<Namespace>();
        if namespace.is_some_and(|namespace| namespace.meta.is_terminating()) {
            keys.add_after(PAUSE, change.key.clone());
        }
    }

    fn reconcile(&mut self, cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue> {
        *cx.visits += 1;
        let found = cx.server.store.get::<Namespace>(key);
        let Some(namespace) = found.filter(|namespace| namespace.meta.is_terminating()) else {
            return Ok(Requeue::AwaitChange);
        };
        if !namespace.spec.finalizers.iter().any(|finalizer| **finalizer == *FINALIZER) {
            return Ok(Requeue::AwaitChange);
        }
        let mut rest = empty(cx, key, &[Kind::Pod])?;
        if rest.kinds.is_empty() {
            let others: Vec<Kind> = Kind::ALL
                .iter()
                .copied()
                .filter(|kind| kind.info().namespaced && *kind != Kind::Pod)
                .collect();
            rest = empty(cx, key, &others)?;
        }
        write_conditions(cx, key, &rest)?;
        if !rest.kinds.is_empty() {
            let seconds = u64::try_from(rest.estimate / 2 + 1).unwrap_or(1);
            return Ok(Requeue::After(Span::seconds(seconds)));
        }
        cx.server.finalize_namespace(key, FINALIZER)?;
        Ok(Requeue::AwaitChange)
    }
}

/// Deletes all objects of `kinds` in the namespace; gives back what is left of them.
fn empty(cx: &mut ControlPlane<'_>, namespace: &Key, kinds: &[Kind]) -> Answer<Rest> {
    let mut rest = Rest::default();
    for &kind in kinds {
        let inside = |object: &&Object| object.meta().namespace == namespace.name;
        let objects: Vec<Object> =
            cx.server.store.list_objects(kind).filter(inside).cloned().collect();
        for object in &objects {
            *cx.visits += 1;
            match cx.client().delete(kind, &object.key(), &DeleteOptions::default()) {
                Err(status) if !status.is_not_found() => return Err(status),
                _ => {}
            }
        }
        let info = kind.info();
        for object in cx.server.store.list_objects(kind).filter(inside) {
            let name = format!("{}.{}", info.plural, info.group);
            count(&mut rest.kinds, name);
            for finalizer in &object.meta().finalizers {
                count(&mut rest.finalizers, finalizer.to_string());
                rest.estimate = rest.estimate.max(FINALIZER_SECONDS);
            }
            if let Object::Pod(pod) = object {
                rest.estimate = rest.estimate.max(grace(pod));
            }
        }
    }
    Ok(rest)
}

fn count(counts: &mut SortedMap<String, usize>, name: String) {
    let n = counts.get(&name).copied().unwrap_or(0);
    counts.insert(name, n + 1);
}

/// How long a Pod may take to stop, in seconds.
fn grace(pod: &Pod) -> i64 {
    match pod.status.phase {
        PodPhase::Succeeded | PodPhase::Failed => 0,
        _ => pod.spec.termination_grace_period_seconds.unwrap_or(0),
    }
}

fn write_conditions(cx: &mut ControlPlane<'_>, key: &Key, rest: &Rest) -> Answer<()> {
    let list = |counts: &SortedMap<String, usize>, word: &str| {
        let parts: Vec<String> =
            counts.iter().map(|(name, count)| format!("{name} {word} {count}")).collect();
        parts.join(", ")
    };
    let remaining = match rest.kinds.is_empty() {
        true => ("False", "ContentRemoved", "All content successfully removed".to_string()),
        false => {
            let parts: Vec<String> = rest
                .kinds
                .iter()
                .map(|(name, count)| format!("{name} has {count} resource instances"))
                .collect();
            let text = format!("Some resources are remaining: {}", parts.join(", "));
            ("True", "SomeResourcesRemain", text)
        }
    };
    let finalizers = match rest.finalizers.is_empty() {
        true => {
            let text = "All content-preserving finalizers finished";
            ("False", "ContentHasNoFinalizers", text.to_string())
        }
        false => {
            let text = format!(
                "Some content in the namespace has finalizers remaining: {} resource instances",
                list(&rest.finalizers, "in")
            );
            ("True", "SomeFinalizersRemain", text)
        }
    };
    let fine = |reason: &'static str, text: &str| ("False", reason, text.to_string());
    let conditions = [
        (
            "NamespaceDeletionDiscoveryFailure",
            fine("ResourcesDiscovered", "All resources successfully discovered"),
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            fine("ParsedGroupVersions", "All legacy kube types successfully parsed"),
        ),
        (
            "NamespaceDeletionContentFailure",
            fine(
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization",
            ),
        ),
        ("NamespaceContentRemaining", remaining),
        ("NamespaceFinalizersRemaining", finalizers),
    ];
    let now = cx.now;
    cx.client().patch_status::<Namespace>(key, |namespace| {
        for (kind, (status, reason, message)) in conditions {
            let new = Condition {
                kind: kind.into(),
                status: status.into(),
                reason: reason.into(),
                message: message.into(),
                ..Condition::default()
            };
            set_condition(&mut namespace.status.conditions, new, now);
        }
    })?;
    Ok(())
}
