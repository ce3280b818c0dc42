//! Amounts of resources as the scheduler adds them up: what a node has, what a Pod asks for.
//!
//! Not here: resources of the Pod as a whole (`spec.resources`), resizes in place, huge pages
//! as anything but a name.
//!
//! Upstream: staging/src/k8s.io/component-helpers/resource/helpers.go,
//! pkg/scheduler/framework/types.go (Resource)

use crate::api::core::container::{Container, RestartPolicy};
use crate::api::core::pod::{PodSpec, ResourceList};
use crate::base::Str;

/// What a container without a request for CPU counts as in scores, in thousandths.
const DEFAULT_CPU: i64 = 100;
/// What a container without a request for memory counts as in scores, in bytes.
const DEFAULT_MEMORY: i64 = 200 * 1024 * 1024;

/// Amounts of resources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Amounts {
    /// CPU, in thousandths.
    pub cpu: i64,
    /// Memory, in bytes.
    pub memory: i64,
    /// Local disk, in bytes.
    pub ephemeral: i64,
    /// Pods; only for what a node has.
    pub pods: i64,
    /// All others by name, ordered.
    pub others: Vec<(Str, i64)>,
}

impl Amounts {
    /// Reads a list. With `defaults`, CPU and memory that are missing count as small amounts.
    pub fn read(list: &ResourceList, defaults: bool) -> Amounts {
        let mut amounts = Amounts::default();
        if defaults {
            (amounts.cpu, amounts.memory) = (DEFAULT_CPU, DEFAULT_MEMORY);
        }
        for (name, quantity) in list {
            match &**name {
                "cpu" => amounts.cpu = quantity.as_milli(),
                "memory" => amounts.memory = quantity.as_units(),
                "ephemeral-storage" => amounts.ephemeral = quantity.as_units(),
                "pods" => amounts.pods = quantity.as_units(),
                _ => amounts.others.push((name.clone(), quantity.as_units())),
            }
        }
        amounts
    }

    /// How much there is of the resource `name` that is none of the common ones.
    pub fn other(&self, name: &str) -> i64 {
        self.others.iter().find(|(other, _)| **other == *name).map_or(0, |(_, n)| *n)
    }

    /// Whether it asks for nothing.
    pub fn is_nothing(&self) -> bool {
        self.cpu == 0 && self.memory == 0 && self.ephemeral == 0 && self.others.is_empty()
    }

    /// Adds `more`.
    pub fn add(&mut self, more: &Amounts) {
        self.merge(more, i64::saturating_add);
    }

    /// Takes `less` away.
    pub fn sub(&mut self, less: &Amounts) {
        self.merge(less, i64::saturating_sub);
    }

    /// Raises each amount to that of `other` where that is larger.
    fn raise(&mut self, other: &Amounts) {
        self.merge(other, i64::max);
    }

    fn merge(&mut self, other: &Amounts, op: impl Fn(i64, i64) -> i64) {
        self.cpu = op(self.cpu, other.cpu);
        self.memory = op(self.memory, other.memory);
        self.ephemeral = op(self.ephemeral, other.ephemeral);
        for (name, n) in &other.others {
            match self.others.iter_mut().find(|(mine, _)| mine == name) {
                Some((_, mine)) => *mine = op(*mine, *n),
                None => self.others.push((name.clone(), op(0, *n))),
            }
        }
    }
}

/// What a Pod needs: all its containers and sidecars together, or its hungriest init
/// container with the sidecars started before it, whichever is more; and its overhead.
pub(super) fn requests(spec: &PodSpec, defaults: bool) -> Amounts {
    let of = |container: &Container| Amounts::read(&container.resources.requests, defaults);
    let mut running = Amounts::default();
    for container in spec.containers.iter() {
        running.add(&of(container));
    }
    let (mut sidecars, mut peak) = (Amounts::default(), Amounts::default());
    for container in spec.init_containers.iter() {
        let mut stage = of(container);
        if container.restart_policy == RestartPolicy::Always {
            running.add(&stage);
            sidecars.add(&stage);
            stage = sidecars.clone();
        } else {
            stage.add(&sidecars);
        }
        peak.raise(&stage);
    }
    running.raise(&peak);
    running.add(&Amounts::read(&spec.overhead, false));
    running.pods = 0;
    running
}
