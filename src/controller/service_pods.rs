//! Which Services a Pod is behind, and which Pods of a Service have changed since it was last
//! looked at: so that one Pod that becomes ready costs its Services one look at one Pod.
//!
//! Not here: what the Services' addresses are; that is for the two controllers that follow
//! Services by this.
//!
//! Upstream: staging/src/k8s.io/endpointslice/util/controller_utils.go, trigger_time_tracker.go

use crate::api::core::node::Node;
use crate::api::core::pod::Pod;
use crate::api::core::service::{EndpointPort, Service, ServicePort};
use crate::api::int_or_text::IntOrText;
use crate::api::kinds::{Key, Kind, Resource};
use crate::api::meta::{Labels, condition};
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::base::Str;
use crate::base::map::{Map, Set};
use crate::base::sorted;
use crate::base::time::SimTime;
use crate::client::Keys;
use std::rc::Rc;

/// Annotation: when what led to the last change of the addresses happened.
pub(super) const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";
/// Label of the addresses of a headless Service.
pub(super) const HEADLESS: &str = "service.kubernetes.io/headless";

/// Services by selector, and what changed behind each.
#[derive(Clone, Debug, Default)]
pub(super) struct ServicePods {
    /// Selectors by Service; only Services that have one.
    selectors: Map<Key, Labels>,
    /// Services by namespace and the first pair of their selector.
    by_pair: Map<(Str, Str, Str), Set<Str>>,
    changed: Map<Key, Changed>,
}

/// What changed behind a Service.
#[derive(Clone, Debug, Default)]
pub(super) struct Changed {
    /// So much that all Pods must be looked at.
    pub everything: bool,
    /// The Pods to look at, by name.
    pub pods: Set<Str>,
}

impl ServicePods {
    /// Notes a change of a Service, a Pod or a Node; asks for the Services concerned.
    pub fn observe(&mut self, change: &Change, cache: &Store, keys: &mut Keys) {
        match change.kind {
            Kind::Service => self.observe_service(change, keys),
            Kind::Pod => self.observe_pod(change, keys),
            Kind::Node => self.observe_node(change, cache, keys),
            _ => {}
        }
    }

    /// Makes `service` one of which all Pods must be looked at.
    pub fn everything(&mut self, service: Key, keys: &mut Keys) {
        let changed = Changed { everything: true, pods: Set::new() };
        self.changed.insert_mut(service.clone(), changed);
        keys.add(service);
    }

    /// What changed behind `service` since this was last asked.
    pub fn take(&mut self, service: &Key) -> Changed {
        let changed = self.changed.get(service).cloned().unwrap_or_default();
        self.changed.remove_mut(service);
        changed
    }

    /// Puts back what could not be handled: the Service is looked at as a whole.
    pub fn put_back(&mut self, service: &Key) {
        let changed = Changed { everything: true, pods: Set::new() };
        self.changed.insert_mut(service.clone(), changed);
    }

    fn observe_service(&mut self, change: &Change, keys: &mut Keys) {
        let key = &change.key;
        let (old, new) = (change.old::<Service>(), change.new::<Service>());
        if let (Some(old), Some(new)) = (old, new)
            && old.meta.uid == new.meta.uid
            && old.meta.labels == new.meta.labels
            && old.meta.deletion_timestamp == new.meta.deletion_timestamp
            && old.spec == new.spec
        {
            return;
        }
        if let Some(selector) = self.selectors.get(key).cloned() {
            self.index(key, &selector, false);
            self.selectors.remove_mut(key);
        }
        if let Some(new) = new.filter(|service| has_own_addresses(service)) {
            self.selectors.insert_mut(key.clone(), new.spec.selector.clone());
            self.index(key, &new.spec.selector, true);
        }
        self.everything(key.clone(), keys);
    }

    fn index(&mut self, key: &Key, selector: &Labels, add: bool) {
        let Some((label, value)) = selector.iter().next() else {
            return;
        };
        let at = (key.namespace.clone(), label.clone(), value.clone());
        let mut services = self.by_pair.get(&at).cloned().unwrap_or_default();
        if add {
            services.insert_mut(key.name.clone());
        } else {
            services.remove_mut(&key.name);
        }
        if services.is_empty() {
            self.by_pair.remove_mut(&at);
        } else {
            self.by_pair.insert_mut(at, services);
        }
    }

    fn observe_pod(&mut self, change: &Change, keys: &mut Keys) {
        let (old, new) = (change.old::<Pod>(), change.new::<Pod>());
        let matters = match (old, new) {
            (Some(old), Some(new)) => shows_otherwise(old, new),
            (one, other) => one.or(other).is_some_and(|pod| !pod.status.pod_ip.is_empty()),
        };
        // Whoever looks at a Service for the sake of one Pod sees since when the others are
        // ready or not: that alone makes nobody look.
        if !matters && ready_since(old) == ready_since(new) {
            return;
        }
        for pod in old.into_iter().chain(new) {
            for service in self.services_of(pod) {
                self.mark(&service, &pod.meta.name);
                if matters {
                    keys.add(service);
                }
            }
        }
    }

    /// Pods of a node that goes are looked at when something else makes their Service be
    /// looked at; when it comes (back), at once.
    fn observe_node(&mut self, change: &Change, cache: &Store, keys: &mut Keys) {
        if !change.is_added() && !change.is_removed() {
            return;
        }
        for pod in cache.pods_on(&change.key.name).filter(|pod| !pod.status.pod_ip.is_empty()) {
            for service in self.services_of(pod) {
                self.mark(&service, &pod.meta.name);
                if change.new::<Node>().is_some() {
                    keys.add(service);
                }
            }
        }
    }

    fn mark(&mut self, service: &Key, pod: &Str) {
        let mut changed = self.changed.get(service).cloned().unwrap_or_default();
        if !changed.everything {
            changed.pods.insert_mut(pod.clone());
        }
        self.changed.insert_mut(service.clone(), changed);
    }

    fn services_of(&self, pod: &Pod) -> Vec<Key> {
        let namespace = &pod.meta.namespace;
        let mut found = Vec::new();
        for (label, value) in pod.meta.labels.iter() {
            let at = (namespace.clone(), label.clone(), value.clone());
            for name in self.by_pair.get(&at).into_iter().flat_map(|names| names.iter()) {
                let key = Key::new(namespace.clone(), name.clone());
                if self.selectors.get(&key).is_some_and(|labels| selects(labels, pod)) {
                    found.push(key);
                }
            }
        }
        found
    }
}

/// Whether the addresses of `service` are made by controllers from Pods.
pub(super) fn has_own_addresses(service: &Service) -> bool {
    !service.spec.selector.is_empty() && &*service.spec.kind != "ExternalName"
}

/// Whether `selector` chooses `pod`.
pub(super) fn selects(selector: &Labels, pod: &Pod) -> bool {
    selector.iter().all(|(key, value)| pod.meta.labels.get(key) == Some(value))
}

/// Whether the Pod has an address that can be given away.
pub(super) fn has_address(pod: &Pod) -> bool {
    !pod.is_terminal() && !pod.status.pod_ip.is_empty()
}

/// Whether a Service may show `old` and `new` in different ways.
fn shows_otherwise(old: &Pod, new: &Pod) -> bool {
    old.meta.uid != new.meta.uid
        || old.meta.labels != new.meta.labels
        || old.is_terminating() != new.is_terminating()
        || old.status.pod_ip != new.status.pod_ip
        || old.is_ready() != new.is_ready()
        || old.is_terminal() != new.is_terminal()
}

/// Since when the Pod is ready, or is not.
fn ready_since(pod: Option<&Rc<Pod>>) -> Option<SimTime> {
    condition(&pod?.status.conditions, "Ready")?.last_transition_time
}

/// The name that `pod` has under `service`, if it has one.
pub(super) fn hostname<'p>(pod: &'p Pod, service: &Service) -> Option<&'p Str> {
    let own = pod.spec.subdomain == service.meta.name;
    Some(&pod.spec.hostname).filter(|hostname| own && !hostname.is_empty())
}

/// The port of `pod` that `port` leads to; `None` if it has no port of that name.
fn find_port(pod: &Pod, port: &ServicePort) -> Option<i32> {
    let name = match &port.target_port {
        Some(IntOrText::Int(0)) | None => return Some(port.port),
        Some(IntOrText::Int(number)) => return Some(*number),
        Some(IntOrText::Text(name)) => name,
    };
    let always =
        |c: &&crate::api::core::container::Container| c.restart_policy.as_str() == "Always";
    let sidecars = pod.spec.init_containers.iter().filter(always);
    let ports = pod.spec.containers.iter().chain(sidecars).flat_map(|c| &c.ports);
    let mut fitting = ports.filter(|p| p.name == *name && p.protocol == port.protocol);
    fitting.next().map(|port| port.container_port)
}

/// The ports of `pod` that `service` leads to.
pub(super) fn ports_of(service: &Service, pod: &Pod) -> Vec<EndpointPort> {
    let port = |port: &ServicePort| {
        Some(EndpointPort {
            name: Some(port.name.clone()),
            port: Some(find_port(pod, port)?),
            protocol: Some(port.protocol.clone()),
            app_protocol: port.app_protocol.clone(),
            ..EndpointPort::default()
        })
    };
    service.spec.ports.iter().filter_map(port).collect()
}

/// A text that is equal for equal ports.
pub(super) fn ports_key(ports: &[EndpointPort]) -> Str {
    let text = |text: &Option<Str>| text.as_deref().unwrap_or("").to_string();
    let mut parts: Vec<String> = ports
        .iter()
        .map(|port| {
            let number = port.port.unwrap_or(0);
            let (name, protocol) = (text(&port.name), text(&port.protocol));
            format!("{name}/{number}/{protocol}/{};", text(&port.app_protocol))
        })
        .collect();
    sorted::sort(&mut parts);
    parts.concat().into()
}

/// The labels of what is made for `service`: its own without those that controllers set, and
/// these.
pub(super) fn labels_for(service: &Service, ours: &[(&str, &str)]) -> Labels {
    let mut labels = service.meta.labels.clone();
    labels.remove(HEADLESS);
    for (key, value) in ours {
        labels.set(key, *value);
    }
    if matches!(&*service.spec.cluster_ip, "" | "None") {
        labels.set(HEADLESS, "");
    }
    labels
}

/// When what is looked at now happened: remembers for each Pod when it last became ready or
/// not.
#[derive(Clone, Debug, Default)]
pub(super) struct TriggerTimes {
    known: bool,
    pods: Map<Str, SimTime>,
    earliest: Option<SimTime>,
}

impl TriggerTimes {
    /// Takes note of how `pod` is now; `None`: it is gone.
    pub fn note(&mut self, name: &Str, pod: Option<&Rc<Pod>>) {
        let Some(at) = ready_since(pod) else {
            self.pods.remove_mut(name);
            return;
        };
        if self.pods.get(name).is_none_or(|before| *before < at) {
            self.earliest = Some(self.earliest.map_or(at, |earliest| earliest.min(at)));
        }
        self.pods.insert_mut(name.clone(), at);
    }

    /// The time to be written, if there is one; the next one is counted from here.
    pub fn take(&mut self, service: &Service) -> Option<SimTime> {
        let earliest = self.earliest.take();
        match std::mem::replace(&mut self.known, true) {
            true => earliest,
            false => service.meta().creation_timestamp,
        }
    }
}

/// Writes the time into annotations, or takes it out.
pub(super) fn annotate(annotations: &mut Labels, at: Option<SimTime>) {
    match at {
        Some(at) => annotations.set(TRIGGER_TIME, at.rfc3339()),
        None => drop(annotations.remove(TRIGGER_TIME)),
    }
}
