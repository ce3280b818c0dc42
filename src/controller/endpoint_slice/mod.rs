//! Keeps the EndpointSlices of each Service: who is behind it, where, and how they are.
//!
//! A change of a Pod costs its Service that Pod and the slice it is in (or goes to), at most 100
//! addresses. To that end the controller remembers in which slice each Pod is and how full the
//! slices are; it looks at a Service as a whole only when the Service itself has changed or
//! somebody else has touched its slices.
//!
//! Not here: IPv6; topology hints; the retry with a
//! growing pause of Pods whose node is gone (they are looked at again when it is back); the
//! order of several ports by hash (they stay in the Service's order).
//!
//! Upstream: pkg/controller/endpointslice/endpointslice_controller.go,
//! staging/src/k8s.io/endpointslice/{reconciler,utils}.go

mod convert;
mod plan;

use crate::api::core::pod::Pod;
use crate::api::core::service::Service;
use crate::api::discovery::EndpointSlice;
use crate::api::kinds::{Key, Kind};
use crate::api::meta::Uid;
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::apiserver::{Answer, DeleteOptions};
use crate::base::Str;
use crate::base::map::{Map, Set};
use crate::base::sorted;
use crate::base::time::{SimTime, Span};
use crate::client::{ControlPlane, Keys, Requeue};
use crate::controller::Controller;
use crate::controller::service_pods::{
    ServicePods, TriggerTimes, has_own_addresses, ports_key, selects,
};
use plan::{Draft, Plan};
use std::rc::Rc;

/// Label of a slice: its Service.
pub(super) const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// Label of a slice: who keeps it.
pub(super) const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
/// That is us.
const CONTROLLER: &str = "endpointslice-controller.k8s.io";
/// How many addresses a slice holds (--max-endpoints-per-slice).
const MAX_PER_SLICE: usize = 100;

/// Keeps the EndpointSlices of each Service.
#[derive(Clone, Debug, Default)]
pub struct EndpointSliceController {
    pods: ServicePods,
    services: Map<Key, Tracked>,
}

/// What is remembered of a Service: what its slices hold.
#[derive(Clone, Debug, Default)]
struct Tracked {
    uid: Uid,
    times: TriggerTimes,
    /// In which slice a Pod is, by the Pod's name.
    places: Map<Str, Str>,
    /// Its slices.
    slices: Map<Str, Filled>,
    /// The slices by what ports they are for and how full they are.
    room: Set<(Str, usize, Str)>,
}

#[derive(Clone, Debug)]
struct Filled {
    /// Which ports, as text.
    ports: Str,
    count: usize,
    /// As last written by this controller.
    revision: u64,
}

impl Controller for EndpointSliceController {
    const COMPONENT: &'static str = "endpoint-slice-controller";
    const FIRST_PAUSE: Span = Span::seconds(1);

    fn observe(&mut self, _now: SimTime, change: &Change, cache: &Store, keys: &mut Keys) {
        if change.kind == Kind::EndpointSlice {
            self.observe_slice(change, keys);
        } else {
            self.pods.observe(change, cache, keys);
        }
    }

    fn reconcile(&mut self, cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue> {
        *cx.visits += 1;
        let changed = self.pods.take(key);
        let service = cx.cache.get::<Service>(key).cloned();
        let Some(service) = service.filter(|service| has_own_addresses(service)) else {
            self.services.remove_mut(key);
            return Ok(Requeue::AwaitChange);
        };
        let known = self.services.get(key).filter(|known| known.uid == service.meta.uid);
        let mut tracked = known.cloned().unwrap_or_default();
        let plan = if changed.everything || known.is_none() {
            tracked.uid = service.meta.uid;
            tracked.plan_all(cx, &service)
        } else {
            tracked.plan_some(cx, &service, &changed.pods)
        };
        let done = tracked.carry_out(cx, &service, plan);
        self.services.insert_mut(key.clone(), tracked);
        if let Err(status) = done {
            self.pods.put_back(key);
            return Err(status);
        }
        Ok(Requeue::AwaitChange)
    }
}

impl EndpointSliceController {
    /// A slice that somebody else has changed or removed makes its Service be looked at as a
    /// whole.
    fn observe_slice(&mut self, change: &Change, keys: &mut Keys) {
        let ours = |slice: &&Rc<EndpointSlice>| {
            slice.meta.label(MANAGED_BY).is_some_and(|by| &**by == CONTROLLER)
        };
        let found = change.new::<EndpointSlice>().filter(ours);
        let Some(slice) = found.or(change.old::<EndpointSlice>().filter(ours)) else {
            return;
        };
        let Some(name) = slice.meta.label(SERVICE_NAME) else {
            return;
        };
        let service = Key::new(change.key.namespace.clone(), name.clone());
        let Some(tracked) = self.services.get(&service) else {
            return;
        };
        let known = tracked.slices.get(&change.key.name).map(|slice| slice.revision);
        let expected = match change.new::<EndpointSlice>() {
            Some(new) => known.is_some_and(|known| new.meta.resource_version.0 <= known),
            None => known.is_none(),
        };
        if !expected {
            self.pods.everything(service, keys);
        }
    }
}

impl Tracked {
    /// Looks at all Pods and all slices.
    fn plan_all(&mut self, cx: &mut ControlPlane<'_>, service: &Service) -> Plan {
        let namespace = service.meta.namespace.clone();
        let mut plan = Plan::default();
        for pod in cx.cache.list_in::<Pod>(&namespace) {
            *cx.visits += 1;
            if selects(&service.spec.selector, pod) {
                self.times.note(&pod.meta.name, Some(pod));
                plan.want(&cx.cache, service, pod);
            }
        }
        self.places = Map::new();
        self.slices = Map::new();
        self.room = Set::new();
        let slices = cx.server.store.dependents(service.meta.uid);
        let keys: Vec<Key> =
            slices.filter(|it| it.kind == Kind::EndpointSlice).map(|it| it.key).collect();
        for key in keys {
            *cx.visits += 1;
            let slice = cx.server.store.get::<EndpointSlice>(&key).cloned();
            if let Some(slice) = slice
                && slice.meta.label(MANAGED_BY).is_some_and(|by| &**by == CONTROLLER)
            {
                self.learn(&slice);
                plan.revise(service, slice, None);
            }
        }
        plan
    }

    /// Looks at some Pods and the slices they are in.
    fn plan_some(&mut self, cx: &mut ControlPlane<'_>, service: &Service, pods: &Set<Str>) -> Plan {
        let namespace = &service.meta.namespace;
        let mut plan = Plan::default();
        let mut touched: Vec<Str> = Vec::new();
        for name in pods.iter() {
            *cx.visits += 1;
            let pod = cx.cache.get::<Pod>(&Key::new(namespace.clone(), name.clone()));
            let pod = pod.filter(|pod| selects(&service.spec.selector, pod));
            self.times.note(name, pod);
            touched.extend(self.places.get(name).cloned());
            if !pod.is_some_and(|pod| plan.want(&cx.cache, service, pod)) {
                self.places.remove_mut(name);
            }
        }
        sorted::sort(&mut touched);
        touched.dedup();
        for name in touched {
            *cx.visits += 1;
            let key = Key::new(namespace.clone(), name);
            if let Some(slice) = cx.server.store.get::<EndpointSlice>(&key).cloned() {
                plan.revise(service, slice, Some(pods));
            }
        }
        plan
    }

    /// Makes the slices hold what the plan wants.
    fn carry_out(
        &mut self,
        cx: &mut ControlPlane<'_>,
        service: &Service,
        mut plan: Plan,
    ) -> Answer<()> {
        let at = self.times.take(service);
        plan.fill_changed();
        while let Some((ports, left)) = plan.next_left() {
            match self.with_room(&plan, &ports, left) {
                Some(name) => {
                    let key = Key::new(service.meta.namespace.clone(), name);
                    *cx.visits += 1;
                    match cx.server.store.get::<EndpointSlice>(&key).cloned() {
                        Some(slice) => plan.fill(Draft::of(&slice), &ports),
                        None => plan.fill(convert::new_slice(service), &ports),
                    }
                }
                None => plan.fill(convert::new_slice(service), &ports),
            }
        }
        self.replace_placeholder(cx, service, &mut plan);
        let (kept, gone) = (self.slices.size(), plan.delete.len());
        if kept == gone && plan.creates() == 0 {
            plan.add_placeholder(convert::new_slice(service));
        }
        plan.reuse_deleted();
        let terminating = service.meta.is_terminating();
        for draft in plan.drafts {
            if draft.is_new() && terminating {
                continue;
            }
            let written = draft.write(cx, service, at)?;
            self.forget(&written.meta.name);
            self.learn(&written);
        }
        for slice in plan.delete {
            let key = Key::of(&slice.meta);
            self.forget(&slice.meta.name);
            let gone = cx.client().delete(Kind::EndpointSlice, &key, &DeleteOptions::default());
            if let Err(status) = gone
                && !status.is_not_found()
            {
                return Err(status);
            }
        }
        Ok(())
    }

    /// The slice that says that there is nothing becomes the first that says otherwise.
    fn replace_placeholder(&self, cx: &ControlPlane<'_>, service: &Service, plan: &mut Plan) {
        let (from, to) = (("".into(), 0, "".into()), ("".into(), 1, "".into()));
        let mut empty = self.room.range(from..to).map(|(_, _, name)| name);
        let Some(name) = empty.next().filter(|name| !plan.touches(name)) else {
            return;
        };
        let key = Key::new(service.meta.namespace.clone(), name.clone());
        if plan.creates() > 0
            && let Some(slice) = cx.server.store.get::<EndpointSlice>(&key)
        {
            plan.delete.push(slice.clone());
        }
    }

    /// The fullest slice for these ports that takes `count` more, among those not touched yet.
    fn with_room(&self, plan: &Plan, ports: &Str, count: usize) -> Option<Str> {
        if count >= MAX_PER_SLICE {
            return None;
        }
        let from = (ports.clone(), 0, Str::from(""));
        let to = (ports.clone(), MAX_PER_SLICE - count + 1, Str::from(""));
        let free = |name: &&Str| !plan.touches(name);
        self.room.range(from..to).rev().map(|(_, _, name)| name).find(free).cloned()
    }

    fn learn(&mut self, slice: &EndpointSlice) {
        let name = &slice.meta.name;
        let (ports, count) = (ports_key(&slice.ports), slice.endpoints.len());
        for pod in slice.endpoints.iter().filter_map(|e| convert::pod_of(e)) {
            self.places.insert_mut(pod.clone(), name.clone());
        }
        self.room.insert_mut((ports.clone(), count, name.clone()));
        let revision = slice.meta.resource_version.0;
        self.slices.insert_mut(name.clone(), Filled { ports, count, revision });
    }

    fn forget(&mut self, name: &Str) {
        if let Some(Filled { ports, count, .. }) = self.slices.get(name).cloned() {
            self.room.remove_mut(&(ports, count, name.clone()));
            self.slices.remove_mut(name);
        }
    }
}
