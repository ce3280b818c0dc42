//! Which nodes are to have a Pod of a DaemonSet, and what such a Pod looks like.
//!
//! Upstream: NodeShouldRunDaemonPod in pkg/controller/daemon/daemon_controller.go and
//! pkg/controller/daemon/util/daemonset_util.go

use crate::api::apps::daemon_set::DaemonSet;
use crate::api::core::node::Node;
use crate::api::core::node_affinity::Required;
use crate::api::core::pod::{Pod, PodSpec, PodTemplateSpec};
use crate::api::core::scheduling::{
    NodeAffinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Toleration,
};
use crate::apiserver::roster::REVISION_LABEL;
use crate::base::Str;
use std::rc::Rc;

const GENERATION_LABEL: &str = "pod-template-generation";
const GENERATION: &str = "deprecated.daemonset.template.generation";

/// Taints that every Pod of a DaemonSet bears for ever; the last only on the node's network.
const BORNE: [(&str, &str); 7] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ("node.kubernetes.io/network-unavailable", "NoSchedule"),
];

/// What a DaemonSet may do on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// It is to have a Pod there.
    pub should_run: bool,
    /// A Pod that is there may stay.
    pub may_stay: bool,
}

/// What `set` may do on `node`.
pub(super) fn verdict(set: &DaemonSet, node: &Node) -> Verdict {
    let spec = &set.spec.template.spec;
    let named = spec.node_name.is_empty() || spec.node_name == node.meta.name;
    let fits = Required::of(spec).is_none_or(|required| required.matches(node));
    if !named || !fits {
        return Verdict { should_run: false, may_stay: false };
    }
    let tolerations = tolerations(spec);
    let bears = |effects: &[&str]| {
        let mut taints = node.spec.taints.iter().filter(|taint| effects.contains(&&*taint.effect));
        taints.all(|taint| tolerations.iter().any(|toleration| toleration.tolerates(taint)))
    };
    let should_run = bears(&["NoSchedule", "NoExecute"]);
    Verdict { should_run, may_stay: should_run || bears(&["NoExecute"]) }
}

/// The tolerations of the template, and those that every Pod of a DaemonSet gets.
fn tolerations(spec: &PodSpec) -> Vec<Toleration> {
    let mut all = spec.tolerations.clone();
    let count = BORNE.len() - usize::from(!spec.host_network);
    for (key, effect) in &BORNE[..count] {
        let new = Toleration {
            key: (*key).into(),
            operator: "Exists".into(),
            effect: (*effect).into(),
            ..Toleration::default()
        };
        let same = |old: &Toleration| {
            (&old.key, &old.operator, &old.value, &old.effect)
                == (&new.key, &new.operator, &new.value, &new.effect)
        };
        match all.iter_mut().find(|old| same(old)) {
            Some(old) => *old = new,
            None => all.push(new),
        }
    }
    all
}

/// The template as Pods of the revision `hash` are made from it, but for their node.
pub(super) fn template(set: &DaemonSet, hash: &Str) -> PodTemplateSpec {
    let mut template = set.spec.template.clone();
    let spec = Rc::make_mut(&mut template.spec);
    spec.tolerations = tolerations(spec);
    if let Some(number) = generation(set) {
        template.meta.labels.set(GENERATION_LABEL, number.clone());
    }
    template.meta.labels.set(REVISION_LABEL, hash.clone());
    template
}

fn generation(set: &DaemonSet) -> Option<&Str> {
    set.meta.annotations.get(GENERATION)
}

/// Makes `pod` one that runs on the node `node` and nowhere else.
pub(super) fn pin(pod: &mut Pod, node: &Str) {
    let by_name = NodeSelectorRequirement {
        key: "metadata.name".into(),
        operator: "In".into(),
        values: vec![node.clone()],
        ..NodeSelectorRequirement::default()
    };
    let term = NodeSelectorTerm { match_fields: vec![by_name], ..NodeSelectorTerm::default() };
    let spec = Rc::make_mut(&mut pod.spec);
    let affinity = Rc::make_mut(spec.affinity.get_or_insert_default());
    let NodeAffinity { required, .. } = affinity.node_affinity.get_or_insert_default();
    let required: &mut NodeSelector = required.get_or_insert_default();
    required.node_selector_terms = vec![term];
}

/// The node that `pod` runs on or is to run on; empty if it does not say.
pub(super) fn target(pod: &Pod) -> Str {
    match pod.is_assigned() {
        true => pod.spec.node_name.clone(),
        false => pod.spec.pinned_to().unwrap_or("").into(),
    }
}

/// Whether `pod` was made from the template that `set` has now, whose revision is `hash`.
pub(super) fn is_updated(set: &DaemonSet, pod: &Pod, hash: &Str) -> bool {
    let by_generation =
        generation(set).is_some_and(|n| pod.meta.label(GENERATION_LABEL) == Some(n));
    by_generation || pod.meta.label(REVISION_LABEL) == Some(hash)
}
