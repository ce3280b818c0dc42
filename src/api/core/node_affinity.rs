//! Which nodes a Pod asks for with nodeSelector and required node affinity, and which a volume
//! can be reached from.
//!
//! Upstream: staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go

use super::node::Node;
use super::pod::PodSpec;
use super::scheduling::{NodeSelector, NodeSelectorRequirement, NodeSelectorTerm};
use crate::api::meta::Labels;
use crate::base::Str;
use crate::base::sorted::SortedSet;

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

/// Whether all of `term` holds of `node`; an empty one does not.
pub fn holds(term: &NodeSelectorTerm, node: &Node) -> bool {
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
