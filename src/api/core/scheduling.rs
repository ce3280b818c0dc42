//! Where a Pod may or would rather run.
//!
//! Upstream: staging/src/k8s.io/api/core/v1/types.go

use super::node::Taint;
use crate::api::meta::LabelSelector;
use crate::base::Str;
use crate::object;

object! {
    /// A taint a Pod bears.
    pub struct Toleration {
        /// The taint's key; empty with `Exists` means every one.
        key: Str = "key";
        /// `Equal` or `Exists`.
        operator: Str = "operator";
        /// The taint's value.
        value: Str = "value";
        /// The taint's effect; empty means every one.
        effect: Str = "effect";
        /// How long a NoExecute taint is borne; for ever if not given.
        toleration_seconds: Option<i64> = "tolerationSeconds";
    }
}

impl Toleration {
    /// Whether it bears `taint`, for however long.
    pub fn tolerates(&self, taint: &Taint) -> bool {
        let fits = |mine: &Str, theirs: &Str| mine.is_empty() || mine == theirs;
        fits(&self.effect, &taint.effect)
            && fits(&self.key, &taint.key)
            && match &*self.operator {
                "" | "Equal" => self.value == taint.value,
                "Exists" => true,
                _ => false,
            }
    }
}

object! {
    /// A condition that must be set from outside before the Pod counts as ready.
    pub struct PodReadinessGate {
        /// The condition's type.
        condition_type: Str = "conditionType" always;
    }
}

object! {
    /// Something that keeps a Pod from being scheduled.
    pub struct PodSchedulingGate {
        /// Its name.
        name: Str = "name" always;
    }
}

object! {
    /// Rules for where a Pod may or would rather run.
    pub struct Affinity {
        /// By the node's labels.
        node_affinity: Option<NodeAffinity> = "nodeAffinity";
        /// Near other Pods.
        pod_affinity: Option<PodAffinity> = "podAffinity";
        /// Away from other Pods.
        pod_anti_affinity: Option<PodAffinity> = "podAntiAffinity";
    }
}

object! {
    /// Rules by the node's labels.
    pub struct NodeAffinity {
        /// What must hold.
        required: Option<NodeSelector> = "requiredDuringSchedulingIgnoredDuringExecution";
        /// What would be better.
        preferred: Vec<PreferredSchedulingTerm> =
            "preferredDuringSchedulingIgnoredDuringExecution";
    }
}

object! {
    /// Asks for nodes: one of the terms must hold.
    pub struct NodeSelector {
        /// The terms.
        node_selector_terms: Vec<NodeSelectorTerm> = "nodeSelectorTerms" always;
    }
}

object! {
    /// Asks for nodes: all of it must hold.
    pub struct NodeSelectorTerm {
        /// Conditions on the node's labels.
        match_expressions: Vec<NodeSelectorRequirement> = "matchExpressions";
        /// Conditions on the node's fields.
        match_fields: Vec<NodeSelectorRequirement> = "matchFields";
    }
}

object! {
    /// One condition on a node.
    pub struct NodeSelectorRequirement {
        /// The label or field.
        key: Str = "key" always;
        /// `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt` or `Lt`.
        operator: Str = "operator" always;
        /// The values.
        values: Vec<Str> = "values";
    }
}

object! {
    /// A preference for nodes.
    pub struct PreferredSchedulingTerm {
        /// How much it counts, 1 to 100.
        weight: i32 = "weight" always;
        /// The nodes preferred.
        preference: NodeSelectorTerm = "preference" always;
    }
}

object! {
    /// Rules by the other Pods around; used for affinity and anti-affinity alike.
    pub struct PodAffinity {
        /// What must hold.
        required: Vec<PodAffinityTerm> = "requiredDuringSchedulingIgnoredDuringExecution";
        /// What would be better.
        preferred: Vec<WeightedPodAffinityTerm> =
            "preferredDuringSchedulingIgnoredDuringExecution";
    }
}

object! {
    /// A preference by the other Pods around.
    pub struct WeightedPodAffinityTerm {
        /// How much it counts, 1 to 100.
        weight: i32 = "weight" always;
        /// The Pods meant.
        pod_affinity_term: PodAffinityTerm = "podAffinityTerm" always;
    }
}

object! {
    /// Which Pods around are meant, and how near is near.
    pub struct PodAffinityTerm {
        /// The Pods.
        label_selector: Option<LabelSelector> = "labelSelector";
        /// Their namespaces; the Pod's own if none is given.
        namespaces: Vec<Str> = "namespaces";
        /// The node label whose equal values mean near.
        topology_key: Str = "topologyKey" always;
        /// Their namespaces by label.
        namespace_selector: Option<LabelSelector> = "namespaceSelector";
        /// Labels whose values the Pods must share with this one.
        match_label_keys: Vec<Str> = "matchLabelKeys";
        /// Labels whose values the Pods must not share with this one.
        mismatch_label_keys: Vec<Str> = "mismatchLabelKeys";
    }
}

object! {
    /// A rule for spreading Pods.
    pub struct TopologySpreadConstraint {
        /// The most that the fullest and the emptiest may differ.
        max_skew: i32 = "maxSkew" always;
        /// The node label over whose values is spread.
        topology_key: Str = "topologyKey" always;
        /// `DoNotSchedule` or `ScheduleAnyway`.
        when_unsatisfiable: Str = "whenUnsatisfiable" always;
        /// The Pods counted.
        label_selector: Option<LabelSelector> = "labelSelector";
        /// The least number of domains.
        min_domains: Option<i32> = "minDomains";
        /// Whether nodes the Pod may not use count.
        node_affinity_policy: Str = "nodeAffinityPolicy";
        /// Whether tainted nodes count.
        node_taints_policy: Str = "nodeTaintsPolicy";
        /// Labels whose values the Pods must share with this one.
        match_label_keys: Vec<Str> = "matchLabelKeys";
    }
}
