//! nodeSelector and node affinity: labels (or the name) that a node must or should have. The
//! same selectors say which nodes reach a volume.
//!
//! Upstream: pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go,
//! staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go

use super::{Plugin, Rejection};
use crate::api::core::node::Node;
use crate::api::core::pod::PodSpec;
use crate::api::core::scheduling::{
    NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PreferredSchedulingTerm,
};
use crate::api::meta::Labels;
use crate::base::Str;
use crate::base::sorted::SortedSet;
use crate::scheduler::nodes::NodeInfo;

/// What nodes a Pod asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Required {
    selector: Labels,
    affinity: Option<NodeSelector>,
}

impl Required {
    /// What `spec` asks for; `None` if nothing.
    pub fn of(spec: &PodSpec) -> Option<Required> {
        let affinity = spec.affinity.as_ref().and_then(|a| a.node_affinity.as_ref());
        let affinity = affinity.and_then(|affinity| affinity.required.clone());
        let required = Required { selector: spec.node_selector.clone(), affinity };
        (required != Required::default()).then_some(required)
    }

    /// Whether `node` is one of them.
    pub fn matches(&self, node: &Node) -> bool {
        self.selector.iter().all(|(key, value)| node.meta.label(key) == Some(value))
            && self.affinity.as_ref().is_none_or(|selector| selects(selector, node))
    }

    /// The names of the only nodes it can mean, if each term names one.
    pub fn names(&self) -> Option<SortedSet<Str>> {
        let terms = &self.affinity.as_ref()?.node_selector_terms;
        let mut names = SortedSet::new();
        for term in terms {
            let by_name = |field: &&NodeSelectorRequirement| {
                &*field.key == "metadata.name" && &*field.operator == "In"
            };
            names.extend(term.match_fields.iter().find(by_name)?.values.iter().cloned());
        }
        Some(names)
    }
}

/// Whether `selector` means `node`: one of its terms holds. An empty term means none.
pub fn selects(selector: &NodeSelector, node: &Node) -> bool {
    selector.node_selector_terms.iter().any(|term| holds(term, node))
}

fn holds(term: &NodeSelectorTerm, node: &Node) -> bool {
    if term.match_expressions.is_empty() && term.match_fields.is_empty() {
        return false;
    }
    let field = |wanted: &NodeSelectorRequirement| {
        let value = (&*wanted.key == "metadata.name").then_some(&node.meta.name);
        meets(wanted, value)
    };
    term.match_expressions.iter().all(|wanted| meets(wanted, node.meta.label(&wanted.key)))
        && term.match_fields.iter().all(field)
}

fn meets(wanted: &NodeSelectorRequirement, value: Option<&Str>) -> bool {
    let number = |text: &Str| text.parse::<i64>().ok();
    let compare = |ordering: std::cmp::Ordering| {
        let pair = (value.and_then(number), wanted.values.first().and_then(number));
        matches!(pair, (Some(is), Some(bound)) if is.cmp(&bound) == ordering)
    };
    match &*wanted.operator {
        "In" => value.is_some_and(|value| wanted.values.contains(value)),
        "NotIn" => !value.is_some_and(|value| wanted.values.contains(value)),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => compare(std::cmp::Ordering::Greater),
        "Lt" => compare(std::cmp::Ordering::Less),
        _ => false,
    }
}

/// Whether the node is one the Pod asks for.
pub fn filter(required: &Required, node: &NodeInfo) -> Result<(), Rejection> {
    if node.node.as_ref().is_some_and(|node| required.matches(node)) {
        return Ok(());
    }
    let reason = "node(s) didn't match Pod's node affinity/selector";
    Err(Rejection::unresolvable(Plugin::NodeAffinity, reason))
}

/// What nodes the Pod would rather have.
pub fn preferred(spec: &PodSpec) -> &[PreferredSchedulingTerm] {
    let affinity = spec.affinity.as_ref().and_then(|a| a.node_affinity.as_ref());
    affinity.map_or(&[], |affinity| &affinity.preferred)
}

/// The weights of the preferences that the node meets. An empty one is met by none.
pub fn score(preferred: &[PreferredSchedulingTerm], node: &NodeInfo) -> i64 {
    let Some(node) = &node.node else { return 0 };
    let empty = |t: &NodeSelectorTerm| t.match_expressions.is_empty() && t.match_fields.is_empty();
    let met = preferred.iter().filter(|p| !empty(&p.preference) && holds(&p.preference, node));
    met.map(|preference| i64::from(preference.weight)).sum()
}
