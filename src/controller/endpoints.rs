//! Keeps the older Endpoints of each Service: ready addresses and others, at most 1000.
//!
//! The addresses are kept sorted in memory, and a change of a Pod is one insertion or removal
//! there and in the list that is written.
//!
//! Not here: Services whose Pods have different, overlapping sets of ports share subsets as far
//! as possible upstream; here Pods with equal ports share one. The order of several ports by
//! hash (they stay in the Service's order). Proportions when several subsets are cut off.
//!
//! Upstream: pkg/controller/endpoint/endpoints_controller.go, pkg/api/v1/endpoints/util.go

use crate::api::core::pod::Pod;
use crate::api::core::service::{
    EndpointAddress, EndpointPort, EndpointSubset, Endpoints, Service,
};
use crate::api::core::volume::ObjectReference;
use crate::api::kinds::{Key, Kind};
use crate::api::meta::{ObjectMeta, Uid};
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::apiserver::{Answer, DeleteOptions};
use crate::base::Str;
use crate::base::map::Map;
use crate::base::time::SimTime;
use crate::client::{ControlPlane, Keys, Requeue};
use crate::controller::Controller;
use crate::controller::service_pods::{
    ServicePods, TriggerTimes, annotate, has_address, has_own_addresses, hostname, labels_for,
    ports_key, ports_of, selects,
};
use std::ops::Bound;
use std::rc::Rc;

const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
const CONTROLLER: &str = "endpoint-controller";
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";
/// How many addresses an Endpoints object holds.
const MAX_ADDRESSES: usize = 1000;

/// Keeps the older Endpoints of each Service.
#[derive(Clone, Debug, Default)]
pub struct EndpointsController {
    pods: ServicePods,
    services: Map<Key, Tracked>,
}

/// What is remembered of a Service: its addresses.
#[derive(Clone, Debug, Default)]
struct Tracked {
    uid: Uid,
    times: TriggerTimes,
    /// Where a Pod's address is, by the Pod's name.
    places: Map<Str, Place>,
    /// Addresses by ports.
    subsets: Map<Str, Subset>,
    /// As last written by this controller.
    revision: u64,
}

/// By which an address is sorted.
type Order = (Str, Uid);

#[derive(Clone, Debug, PartialEq)]
struct Place {
    ports: Str,
    ready: bool,
    order: Order,
}

#[derive(Clone, Debug, Default)]
struct Subset {
    ports: Rc<Vec<EndpointPort>>,
    ready: Addresses,
    not_ready: Addresses,
}

/// Sorted addresses, and the first of them as they are written.
#[derive(Clone, Debug, Default)]
struct Addresses {
    all: Map<Order, Rc<EndpointAddress>>,
    shown: Rc<Vec<Rc<EndpointAddress>>>,
}

impl Controller for EndpointsController {
    const COMPONENT: &'static str = "endpoint-controller";

    fn observe(&mut self, _now: SimTime, change: &Change, cache: &Store, keys: &mut Keys) {
        match change.kind {
            Kind::Endpoints => self.observe_endpoints(change, cache, keys),
            // Addresses are shown whether or not their node exists.
            Kind::Node => {}
            _ => self.pods.observe(change, cache, keys),
        }
    }

    fn reconcile(&mut self, cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue> {
        *cx.visits += 1;
        let changed = self.pods.take(key);
        let Some(service) = cx.cache.get::<Service>(key).cloned() else {
            self.services.remove_mut(key);
            let gone = cx.client().delete(Kind::Endpoints, key, &DeleteOptions::default());
            return match gone {
                Err(status) if !status.is_not_found() => Err(status),
                _ => Ok(Requeue::AwaitChange),
            };
        };
        if !has_own_addresses(&service) {
            self.services.remove_mut(key);
            return Ok(Requeue::AwaitChange);
        }
        let known = self.services.get(key).filter(|known| known.uid == service.meta.uid);
        let mut tracked = known.cloned().unwrap_or_default();
        if changed.everything || known.is_none() {
            tracked.uid = service.meta.uid;
            tracked.look_at_all(cx, &service);
        } else {
            for name in changed.pods.iter() {
                *cx.visits += 1;
                let pod = cx.cache.get::<Pod>(&Key::new(key.namespace.clone(), name.clone()));
                tracked.look_at(&service, name, pod);
            }
        }
        let written = tracked.write(cx, &service);
        self.services.insert_mut(key.clone(), tracked);
        if let Err(status) = written {
            self.pods.put_back(key);
            return Err(status);
        }
        Ok(Requeue::AwaitChange)
    }
}

impl EndpointsController {
    /// Endpoints that somebody else has changed, or that have no Service, are looked at.
    fn observe_endpoints(&mut self, change: &Change, cache: &Store, keys: &mut Keys) {
        let Some(tracked) = self.services.get(&change.key) else {
            let ours = change.new::<Endpoints>().is_some_and(|new| {
                new.meta.label(MANAGED_BY).is_some_and(|by| &**by == CONTROLLER)
            });
            if ours && cache.get::<Service>(&change.key).is_none() {
                keys.add(change.key.clone());
            }
            return;
        };
        let expected = change
            .new::<Endpoints>()
            .is_some_and(|new| new.meta.resource_version.0 <= tracked.revision);
        if !expected {
            self.pods.everything(change.key.clone(), keys);
        }
    }
}

impl Tracked {
    fn look_at_all(&mut self, cx: &mut ControlPlane<'_>, service: &Service) {
        self.places = Map::new();
        self.subsets = Map::new();
        for pod in cx.cache.list_in::<Pod>(&service.meta.namespace) {
            *cx.visits += 1;
            self.look_at(service, &pod.meta.name, Some(pod));
        }
    }

    /// Puts the address of one Pod where it belongs now.
    fn look_at(&mut self, service: &Service, name: &Str, pod: Option<&Rc<Pod>>) {
        let pod = pod.filter(|pod| selects(&service.spec.selector, pod));
        self.times.note(name, pod);
        let new = pod.and_then(|pod| place(service, pod));
        if let Some(old) = self.places.get(name).cloned() {
            let stays = new.as_ref().is_some_and(|(place, address, _)| {
                *place == old && self.address_at(&old).is_some_and(|there| there == address)
            });
            if stays {
                return;
            }
            self.places.remove_mut(name);
            self.in_subset(&old.ports, old.ready, |addresses| addresses.remove(&old.order));
        }
        let Some((place, address, ports)) = new else {
            return;
        };
        if !self.subsets.contains_key(&place.ports) {
            let subset = Subset { ports: Rc::new(ports), ..Subset::default() };
            self.subsets.insert_mut(place.ports.clone(), subset);
        }
        let order = place.order.clone();
        self.in_subset(&place.ports, place.ready, |addresses| {
            addresses.insert(order, Rc::new(address));
        });
        self.places.insert_mut(name.clone(), place);
    }

    fn address_at(&self, place: &Place) -> Option<&EndpointAddress> {
        let subset = self.subsets.get(&place.ports)?;
        let addresses = if place.ready { &subset.ready } else { &subset.not_ready };
        addresses.all.get(&place.order).map(|address| &**address)
    }

    fn in_subset(&mut self, ports: &Str, ready: bool, change: impl FnOnce(&mut Addresses)) {
        let Some(subset) = self.subsets.get_mut(ports) else {
            return;
        };
        change(if ready { &mut subset.ready } else { &mut subset.not_ready });
        if subset.ready.all.is_empty() && subset.not_ready.all.is_empty() {
            self.subsets.remove_mut(ports);
        }
    }

    /// What is to be written, and whether something had to be left out.
    fn show(&mut self) -> (Vec<EndpointSubset>, bool) {
        let keys: Vec<Str> = self.subsets.keys().cloned().collect();
        let (mut ready, mut others) = (0, 0);
        for subset in self.subsets.values() {
            ready += subset.ready.all.size();
            others += subset.not_ready.all.size();
        }
        let mut left_ready = MAX_ADDRESSES;
        let mut left_others = MAX_ADDRESSES.saturating_sub(ready);
        let mut shown = Vec::new();
        for key in keys {
            if let Some(subset) = self.subsets.get_mut(&key) {
                let addresses = subset.ready.first(left_ready);
                let not_ready_addresses = subset.not_ready.first(left_others);
                left_ready -= addresses.len();
                left_others -= not_ready_addresses.len();
                shown.push(EndpointSubset {
                    addresses,
                    not_ready_addresses,
                    ports: (*subset.ports).clone(),
                    ..EndpointSubset::default()
                });
            }
        }
        (shown, ready + others > MAX_ADDRESSES)
    }

    fn write(&mut self, cx: &mut ControlPlane<'_>, service: &Service) -> Answer<()> {
        let at = self.times.take(service);
        let (subsets, truncated) = self.show();
        let key = Key::of(&service.meta);
        let current = cx.server.store.get::<Endpoints>(&key).cloned();
        let labels = labels_for(service, &[(MANAGED_BY, CONTROLLER)]);
        let mut endpoints = match &current {
            Some(current) => (**current).clone(),
            None => Endpoints {
                meta: ObjectMeta {
                    name: key.name.clone(),
                    namespace: key.namespace.clone(),
                    ..ObjectMeta::default()
                },
                ..Endpoints::default()
            },
        };
        let annotations = &mut endpoints.meta.annotations;
        annotate(annotations, at);
        match truncated {
            true => annotations.set(OVER_CAPACITY, "truncated"),
            false => drop(annotations.remove(OVER_CAPACITY)),
        }
        if let Some(current) = &current
            && current.meta.labels == labels
            && same(&current.subsets, &subsets)
            // A new time alone is no reason to write, unless addresses were left out.
            && (current.meta.annotations.get(OVER_CAPACITY).is_none()
                || current.meta.annotations == *annotations)
        {
            return Ok(());
        }
        endpoints.subsets = subsets;
        endpoints.meta.labels = labels;
        let written = match current {
            Some(_) => cx.client().update(endpoints)?,
            None => cx.client().create(endpoints)?,
        };
        self.revision = written.meta.resource_version.0;
        Ok(())
    }
}

impl Addresses {
    fn insert(&mut self, order: Order, address: Rc<EndpointAddress>) {
        let complete = self.shown.len() == self.all.size();
        self.all.insert_mut(order.clone(), address.clone());
        let at = self.shown.binary_search_by(|other| order_of(other).cmp(&order));
        match at {
            Ok(at) => Rc::make_mut(&mut self.shown)[at] = address,
            Err(at) if complete || at < self.shown.len() => {
                Rc::make_mut(&mut self.shown).insert(at, address);
            }
            Err(_) => {}
        }
    }

    fn remove(&mut self, order: &Order) {
        self.all.remove_mut(order);
        if let Ok(at) = self.shown.binary_search_by(|other| order_of(other).cmp(order)) {
            Rc::make_mut(&mut self.shown).remove(at);
        }
    }

    /// The first `limit` of them.
    fn first(&mut self, limit: usize) -> Rc<Vec<Rc<EndpointAddress>>> {
        let wanted = self.all.size().min(limit);
        if self.shown.len() > wanted {
            Rc::make_mut(&mut self.shown).truncate(wanted);
        }
        if self.shown.len() < wanted {
            let missing = wanted - self.shown.len();
            let from = match self.shown.last() {
                Some(last) => Bound::Excluded(order_of(last)),
                None => Bound::Unbounded,
            };
            let more = self.all.range((from, Bound::Unbounded)).take(missing);
            let more: Vec<_> = more.map(|(_, address)| address.clone()).collect();
            Rc::make_mut(&mut self.shown).extend(more);
        }
        self.shown.clone()
    }
}

fn order_of(address: &EndpointAddress) -> Order {
    let uid = address.target_ref.as_ref().map(|target| target.uid);
    (address.ip.clone(), uid.unwrap_or_default())
}

/// Where `service` shows `pod`, as which address and with which ports; `None` if it does not.
fn place(service: &Service, pod: &Pod) -> Option<(Place, EndpointAddress, Vec<EndpointPort>)> {
    let publish = service.spec.publish_not_ready_addresses;
    if !has_address(pod) || pod.is_terminating() && !publish {
        return None;
    }
    let mut ports = ports_of(service, pod);
    if ports.is_empty() && !(service.spec.ports.is_empty() && service.is_headless()) {
        return None;
    }
    for port in &mut ports {
        port.name = port.name.take().filter(|name| !name.is_empty());
    }
    let target = ObjectReference {
        kind: "Pod".into(),
        namespace: pod.meta.namespace.clone(),
        name: pod.meta.name.clone(),
        uid: pod.meta.uid,
        ..ObjectReference::default()
    };
    let address = EndpointAddress {
        ip: pod.status.pod_ip.clone(),
        hostname: hostname(pod, service).cloned().unwrap_or_else(|| "".into()),
        node_name: Some(pod.spec.node_name.clone()),
        target_ref: Some(target),
        ..EndpointAddress::default()
    };
    let order = (pod.status.pod_ip.clone(), pod.meta.uid);
    let ready = publish || pod.is_ready();
    Some((Place { ports: ports_key(&ports), ready, order }, address, ports))
}

/// Whether both are the same, at the cost of what differs.
fn same(old: &[EndpointSubset], new: &[EndpointSubset]) -> bool {
    let address = |(a, b): (&Rc<EndpointAddress>, &Rc<EndpointAddress>)| Rc::ptr_eq(a, b) || a == b;
    let list = |a: &Rc<Vec<Rc<EndpointAddress>>>, b: &Rc<Vec<Rc<EndpointAddress>>>| {
        Rc::ptr_eq(a, b) || (a.len() == b.len() && a.iter().zip(b.iter()).all(address))
    };
    let subset = |(a, b): (&EndpointSubset, &EndpointSubset)| {
        a.ports == b.ports
            && list(&a.addresses, &b.addresses)
            && list(&a.not_ready_addresses, &b.not_ready_addresses)
    };
    old.len() == new.len() && old.iter().zip(new).all(subset)
}
