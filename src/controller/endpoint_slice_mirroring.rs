//! Copies Endpoints that were made by hand, for a Service without a selector, into an
//! EndpointSlice for each set of ports.
//!
//! Not here: IPv6 addresses, which this cluster does not have.
//!
//! Upstream: pkg/controller/endpointslicemirroring/{endpointslicemirroring_controller,
//! reconciler,utils}.go

use super::endpoint_slice::{MANAGED_BY, SERVICE_NAME};
use crate::api::core::service::{EndpointAddress, EndpointPort, Endpoints, Service};
use crate::api::discovery::{Endpoint, EndpointConditions, EndpointSlice};
use crate::api::kinds::{Key, Kind, Object};
use crate::api::meta::{ObjectMeta, OwnerReference};
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::apiserver::{Answer, DeleteOptions};
use crate::base::map::Set;
use crate::base::time::{SimTime, Span};
use crate::client::recorder::EventKind;
use crate::client::{ControlPlane, Keys, Requeue};
use crate::controller::Controller;
use crate::controller::service_pods::{TRIGGER_TIME, ports_key};
use std::rc::Rc;

/// Who keeps the slices.
const CONTROLLER: &str = "endpointslicemirroring-controller.k8s.io";
/// How many addresses of a subset are mirrored (--mirroring-max-endpoints-per-subset).
const MAX_PER_SUBSET: usize = 1000;
/// Label of Endpoints that want no slices.
const SKIP: &str = "endpointslice.kubernetes.io/skip-mirror";
/// Annotations that are not copied.
const OWN: [&str; 2] = [TRIGGER_TIME, "kubectl.kubernetes.io/last-applied-configuration"];

/// Mirrors Endpoints.
#[derive(Clone, Debug, Default)]
pub struct EndpointSliceMirroringController {
    /// Endpoints of which there are slices, by the Service's name.
    mirrored: Set<Key>,
}

impl Controller for EndpointSliceMirroringController {
    const COMPONENT: &'static str = "endpoint-slice-mirroring-controller";
    const FIRST_PAUSE: Span = Span::seconds(1);

    fn observe(&mut self, _now: SimTime, change: &Change, cache: &Store, keys: &mut Keys) {
        match change.kind {
            Kind::Service => {
                let selects = |service: Option<&Rc<Service>>| {
                    service.map(|service| !service.spec.selector.is_empty())
                };
                let (old, new) = (selects(change.old()), selects(change.new()));
                if old != new && (old == Some(false) || new == Some(false)) {
                    keys.add(change.key.clone());
                }
            }
            Kind::Endpoints => {
                // Those that another controller makes of Pods are no business of this one.
                let service = cache.get::<Service>(&change.key);
                let by_hand = service.is_some_and(|service| service.spec.selector.is_empty());
                if by_hand || self.mirrored.contains(&change.key) {
                    keys.add(change.key.clone());
                }
            }
            Kind::EndpointSlice => {
                let slice = change.new::<EndpointSlice>().or(change.old());
                let Some(slice) = slice.filter(|slice| is_ours(slice)) else { return };
                if let Some(name) = slice.meta.label(SERVICE_NAME) {
                    let key = Key::new(change.key.namespace.clone(), name.clone());
                    self.mirrored.insert_mut(key.clone());
                    keys.add(key);
                }
            }
            _ => {}
        }
    }

    fn reconcile(&mut self, cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue> {
        *cx.visits += 1;
        let service = cx.cache.get::<Service>(key);
        let by_hand = service.is_some_and(|service| service.spec.selector.is_empty());
        let endpoints = cx.cache.get::<Endpoints>(key).filter(|it| by_hand && is_wanted(it));
        let endpoints = endpoints.cloned();
        if endpoints.is_none() && !self.mirrored.contains(key) {
            return Ok(Requeue::AwaitChange);
        }
        let named = |slice: &&Rc<EndpointSlice>| {
            is_ours(slice) && slice.meta.label(SERVICE_NAME).is_some_and(|it| *it == key.name)
        };
        let slices = cx.cache.list_in::<EndpointSlice>(&key.namespace);
        let mut spare: Vec<_> = slices.filter(named).cloned().collect();
        *cx.visits += spare.len() as u64;
        match endpoints {
            Some(endpoints) => mirror(cx, &endpoints, &mut spare)?,
            None => drop(self.mirrored.remove_mut(key)),
        }
        for slice in spare {
            let key = Key::of(&slice.meta);
            match cx.client().delete(Kind::EndpointSlice, &key, &DeleteOptions::default()) {
                Err(status) if !status.is_not_found() => return Err(status),
                _ => {}
            }
        }
        Ok(Requeue::AwaitChange)
    }
}

fn is_ours(slice: &EndpointSlice) -> bool {
    slice.meta.label(MANAGED_BY).is_some_and(|by| &**by == CONTROLLER)
}

fn is_wanted(endpoints: &Endpoints) -> bool {
    endpoints.meta.label(SKIP).is_none_or(|skip| &**skip != "true")
        && endpoints.meta.annotations.get("control-plane.alpha.kubernetes.io/leader").is_none()
}

/// Writes one slice for each set of ports; takes those it keeps out of `spare`, and those it
/// makes others of.
fn mirror(
    cx: &mut ControlPlane<'_>,
    endpoints: &Rc<Endpoints>,
    spare: &mut Vec<Rc<EndpointSlice>>,
) -> Answer<()> {
    let mut new = Vec::new();
    for (ports, wanted) in wanted(cx, endpoints) {
        let same = |slice: &Rc<EndpointSlice>| ports_key(&slice.ports) == ports_key(&ports);
        let draft = slice(endpoints, ports.clone(), wanted);
        match spare.iter().position(same) {
            Some(at) => write(cx, draft, Some(spare.remove(at)))?,
            None => new.push(draft),
        }
    }
    for draft in new {
        let old = (!spare.is_empty()).then(|| spare.remove(0));
        if old.is_some() || !endpoints.meta.is_terminating() {
            write(cx, draft, old)?;
        }
    }
    Ok(())
}

type Group = (Vec<EndpointPort>, Vec<Rc<Endpoint>>);

/// What is to be shown for each set of ports.
fn wanted(cx: &mut ControlPlane<'_>, endpoints: &Rc<Endpoints>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut skipped = 0;
    for subset in &endpoints.subsets {
        let mut ports = subset.ports.clone();
        for port in &mut ports {
            port.name.get_or_insert_with(|| "".into());
        }
        let ready = subset.addresses.iter().map(|address| endpoint(address, true));
        let others = subset.not_ready_addresses.iter().map(|address| endpoint(address, false));
        let all: Vec<_> = ready.chain(others).collect();
        skipped += all.len().saturating_sub(MAX_PER_SUBSET);
        let shown = all.into_iter().take(MAX_PER_SUBSET);
        let key = ports_key(&ports);
        match groups.iter_mut().find(|(other, _)| ports_key(other) == key) {
            Some((_, group)) => group.extend(shown),
            None => groups.push((ports, shown.collect())),
        }
    }
    groups.retain(|(_, group)| !group.is_empty());
    if skipped > 0 {
        let message = format!(
            "A max of {MAX_PER_SUBSET} addresses can be mirrored to EndpointSlices per Endpoints \
             subset. {skipped} addresses were skipped"
        );
        let about = Object::Endpoints(endpoints.clone());
        cx.event(&about, EventKind::Warning, "TooManyAddressesToMirror", &message);
    }
    groups
}

fn endpoint(address: &EndpointAddress, ready: bool) -> Rc<Endpoint> {
    let hostname = Some(address.hostname.clone()).filter(|name| !name.is_empty());
    Rc::new(Endpoint {
        addresses: vec![address.ip.clone()],
        conditions: EndpointConditions { ready: Some(ready), ..EndpointConditions::default() },
        hostname,
        target_ref: address.target_ref.clone(),
        node_name: address.node_name.clone(),
        ..Endpoint::default()
    })
}

fn slice(
    endpoints: &Endpoints,
    ports: Vec<EndpointPort>,
    mut shown: Vec<Rc<Endpoint>>,
) -> EndpointSlice {
    shown.truncate(MAX_PER_SUBSET);
    let owner = OwnerReference {
        api_version: "v1".into(),
        kind: "Endpoints".into(),
        name: endpoints.meta.name.clone(),
        uid: endpoints.meta.uid,
        controller: Some(true),
        block_owner_deletion: Some(true),
        ..OwnerReference::default()
    };
    let mut meta = ObjectMeta {
        generate_name: format!("{}-", endpoints.meta.name).into(),
        namespace: endpoints.meta.namespace.clone(),
        labels: endpoints.meta.labels.clone(),
        annotations: endpoints.meta.annotations.clone(),
        owner_references: vec![owner],
        ..ObjectMeta::default()
    };
    meta.labels.set(SERVICE_NAME, &*endpoints.meta.name);
    meta.labels.set(MANAGED_BY, CONTROLLER);
    for name in OWN {
        meta.annotations.remove(name);
    }
    let address_type = "IPv4".into();
    EndpointSlice { meta, address_type, endpoints: shown, ports, ..EndpointSlice::default() }
}

/// Writes `draft` where `old` is, unless that says the same.
fn write(
    cx: &mut ControlPlane<'_>,
    mut draft: EndpointSlice,
    old: Option<Rc<EndpointSlice>>,
) -> Answer<()> {
    let Some(old) = old else {
        return cx.client().create(draft).map(drop);
    };
    let same = old.endpoints.len() == draft.endpoints.len()
        && draft.endpoints.iter().all(|one| old.endpoints.contains(one))
        && old.ports == draft.ports
        && old.meta.labels == draft.meta.labels
        && old.meta.annotations == draft.meta.annotations;
    if same {
        return Ok(());
    }
    let meta = std::mem::replace(&mut draft.meta, old.meta.clone());
    draft.meta.labels = meta.labels;
    draft.meta.annotations = meta.annotations;
    draft.meta.resource_version = Default::default();
    cx.client().update(draft).map(drop)
}
