//! Decides which slices to write: endpoints that are there already stay where they are, what is
//! no longer wanted goes, what is new fills slices that change anyway, then the fullest one that
//! takes it all, then a new one.
//!
//! Upstream: staging/src/k8s.io/endpointslice/reconciler.go (reconcileByPortMapping, finalize)

use super::MAX_PER_SLICE;
use super::convert::{self, labels, pod_of};
use crate::api::core::pod::Pod;
use crate::api::core::service::{EndpointPort, Service};
use crate::api::discovery::{Endpoint, EndpointSlice};
use crate::api::meta::Labels;
use crate::apiserver::Answer;
use crate::apiserver::store::Store;
use crate::base::Str;
use crate::base::map::Set;
use crate::base::sorted;
use crate::base::sorted::SortedMap;
use crate::base::time::SimTime;
use crate::client::ControlPlane;
use crate::controller::service_pods::{HEADLESS, annotate, ports_key, ports_of};
use std::rc::Rc;

/// What is wanted and what is to be written.
#[derive(Default)]
pub(super) struct Plan {
    /// Endpoints that are not in a slice yet, by ports and Pod.
    wanted: SortedMap<Str, Group>,
    /// Slices to write.
    pub drafts: Vec<Draft>,
    /// Slices to delete.
    pub delete: Vec<Rc<EndpointSlice>>,
}

#[derive(Default)]
struct Group {
    ports: Vec<EndpointPort>,
    left: SortedMap<Str, Rc<Endpoint>>,
}

/// A slice to be written.
pub(super) struct Draft {
    slice: EndpointSlice,
    ports: Str,
}

impl Draft {
    /// A slice that does not exist yet.
    pub fn new(slice: EndpointSlice) -> Draft {
        let ports = ports_key(&slice.ports);
        Draft { slice, ports }
    }

    /// A slice that exists.
    pub fn of(slice: &EndpointSlice) -> Draft {
        Draft::new(slice.clone())
    }

    /// Whether it does not exist yet.
    pub fn is_new(&self) -> bool {
        self.slice.meta.name.is_empty()
    }

    /// Writes it, with the time `at` of what led to it.
    pub fn write(
        mut self,
        cx: &mut ControlPlane<'_>,
        service: &Service,
        at: Option<SimTime>,
    ) -> Answer<Rc<EndpointSlice>> {
        self.slice.meta.labels = labels(service);
        annotate(&mut self.slice.meta.annotations, at);
        match self.is_new() {
            true => cx.client().create(self.slice),
            false => cx.client().update(self.slice),
        }
    }
}

impl Plan {
    /// Wants `pod` to be shown, if the Service shows it at all; says whether it does.
    pub fn want(&mut self, cache: &Store, service: &Service, pod: &Pod) -> bool {
        let Some(endpoint) = convert::endpoint(cache, service, pod) else {
            return false;
        };
        let ports = ports_of(service, pod);
        let group = self.wanted.get_or_default(ports_key(&ports));
        group.ports = ports;
        group.left.insert(pod.meta.name.clone(), Rc::new(endpoint));
        true
    }

    /// Brings `slice` up to date with what is wanted of `pods` (`None` for all); endpoints of
    /// other Pods stay.
    pub fn revise(&mut self, service: &Service, slice: Rc<EndpointSlice>, pods: Option<&Set<Str>>) {
        let key = ports_key(&slice.ports);
        let mut group = self.wanted.get_mut(&key);
        let mut endpoints = Vec::with_capacity(MAX_PER_SLICE);
        let mut changed = false;
        for old in &slice.endpoints {
            let Some(pod) = pod_of(old) else {
                changed = true;
                continue;
            };
            if pods.is_some_and(|pods| !pods.contains(pod)) {
                endpoints.push(old.clone());
                continue;
            }
            let left = group.as_mut().map(|group| &mut group.left);
            match left.and_then(|left| take_same(left, pod, old)) {
                Some(new) if new == *old => endpoints.push(old.clone()),
                Some(new) => {
                    changed = true;
                    endpoints.push(new);
                }
                None => changed = true,
            }
        }
        let relabel = strip(&slice.meta.labels) != strip(&labels(service));
        // A whole look at the Service ends ports that nobody has any more.
        let unwanted = pods.is_none() && !self.wanted.contains_key(&key);
        if (changed && endpoints.is_empty()) || unwanted {
            self.delete.push(slice);
        } else if changed || relabel {
            let slice = EndpointSlice { endpoints, ..(*slice).clone() };
            self.drafts.push(Draft { slice, ports: key });
        }
    }

    /// Puts what is new into slices that are written anyway, the fullest first.
    pub fn fill_changed(&mut self) {
        sorted::sort_by_key(&mut self.drafts, |draft| {
            std::cmp::Reverse(draft.slice.endpoints.len())
        });
        for draft in &mut self.drafts {
            if let Some(group) = self.wanted.get_mut(&draft.ports) {
                draft.take_from(group);
            }
        }
    }

    /// Ports for which something is left that is in no slice yet, and how much.
    pub fn next_left(&self) -> Option<(Str, usize)> {
        let left = self.wanted.iter().map(|(ports, group)| (ports, group.left.len()));
        left.filter(|(_, count)| *count > 0).map(|(ports, count)| (ports.clone(), count)).next()
    }

    /// Puts as much of what is left for these ports into `draft` as it takes.
    pub fn fill(&mut self, mut draft: Draft, ports: &Str) {
        if let Some(group) = self.wanted.get_mut(ports) {
            draft.slice.ports = group.ports.clone();
            draft.ports = ports.clone();
            draft.take_from(group);
        }
        self.drafts.push(draft);
    }

    /// Whether the slice `name` is written or deleted by this plan.
    pub fn touches(&self, name: &Str) -> bool {
        self.delete.iter().any(|slice| slice.meta.name == *name)
            || self.drafts.iter().any(|draft| draft.slice.meta.name == *name)
    }

    /// How many slices are new.
    pub fn creates(&self) -> usize {
        self.drafts.iter().filter(|draft| draft.is_new()).count()
    }

    /// A Service without endpoints has one slice that says so. If the one that would be deleted
    /// is just that, it stays.
    pub fn add_placeholder(&mut self, draft: Draft) {
        if let [only] = &self.delete[..]
            && only.endpoints.is_empty()
            && only.ports.is_empty()
            && only.meta.labels == draft.slice.meta.labels
        {
            self.delete.clear();
            return;
        }
        self.drafts.push(draft);
    }

    /// Slices that would be deleted become those that would be created.
    pub fn reuse_deleted(&mut self) {
        let mut deleted = std::mem::take(&mut self.delete).into_iter();
        for draft in self.drafts.iter_mut().filter(|draft| draft.is_new()) {
            let Some(old) = deleted.next() else {
                break;
            };
            draft.slice.meta = old.meta.clone();
        }
        self.delete = deleted.collect();
    }
}

impl Draft {
    fn take_from(&mut self, group: &mut Group) {
        while self.slice.endpoints.len() < MAX_PER_SLICE
            && let Some((_, endpoint)) = group.left.pop_first()
        {
            self.slice.endpoints.push(endpoint);
        }
    }
}

/// Takes what is wanted of `pod` if it is the same address as `old`.
fn take_same(
    left: &mut SortedMap<Str, Rc<Endpoint>>,
    pod: &Str,
    old: &Endpoint,
) -> Option<Rc<Endpoint>> {
    let uid = |endpoint: &Endpoint| endpoint.target_ref.as_ref().map(|target| target.uid);
    let wanted = left.get(pod)?;
    let same = wanted.addresses == old.addresses
        && wanted.hostname == old.hostname
        && uid(wanted) == uid(old);
    if same { left.remove(pod) } else { None }
}

/// Labels without the one that is not compared.
fn strip(labels: &Labels) -> Labels {
    let mut labels = labels.clone();
    labels.remove(HEADLESS);
    labels
}
