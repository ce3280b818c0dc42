//! Makes endpoints of Pods, ports of a Service's ports, and empty slices of Services.
//!
//! Upstream: staging/src/k8s.io/endpointslice/utils.go

use super::plan::Draft;
use super::{CONTROLLER, MANAGED_BY, SERVICE_NAME};
use crate::api::core::node::Node;
use crate::api::core::pod::Pod;
use crate::api::core::service::Service;
use crate::api::core::volume::ObjectReference;
use crate::api::discovery::{Endpoint, EndpointConditions, EndpointSlice};
use crate::api::kinds::Key;
use crate::api::meta::{Labels, ObjectMeta, OwnerReference};
use crate::apiserver::store::Store;
use crate::base::Str;
use crate::controller::service_pods::{has_address, hostname, labels_for};

/// What `service` shows of `pod`: nothing if it has no address, or if its node is gone and the
/// Service wants only Pods that are ready.
pub(super) fn endpoint(cache: &Store, service: &Service, pod: &Pod) -> Option<Endpoint> {
    if !has_address(pod) {
        return None;
    }
    let node = cache.get::<Node>(&Key::global(pod.spec.node_name.clone()));
    let publish = service.spec.publish_not_ready_addresses;
    if node.is_none() && !publish {
        return None;
    }
    let (serving, terminating) = (pod.is_ready(), pod.is_terminating());
    let conditions = EndpointConditions {
        ready: Some(publish || serving && !terminating),
        serving: Some(serving),
        terminating: Some(terminating),
        ..EndpointConditions::default()
    };
    let target = ObjectReference {
        kind: "Pod".into(),
        namespace: pod.meta.namespace.clone(),
        name: pod.meta.name.clone(),
        uid: pod.meta.uid,
        ..ObjectReference::default()
    };
    let zone = node.and_then(|node| node.meta.label("topology.kubernetes.io/zone"));
    Some(Endpoint {
        addresses: vec![pod.status.pod_ip.clone()],
        conditions,
        hostname: hostname(pod, service).cloned(),
        target_ref: Some(target),
        node_name: Some(pod.spec.node_name.clone()).filter(|name| !name.is_empty()),
        zone: zone.filter(|zone| !zone.is_empty()).cloned(),
        ..Endpoint::default()
    })
}

/// The Pod behind an endpoint.
pub(super) fn pod_of(endpoint: &Endpoint) -> Option<&Str> {
    endpoint.target_ref.as_ref().map(|target| &target.name)
}

/// The labels of the slices of `service`.
pub(super) fn labels(service: &Service) -> Labels {
    labels_for(service, &[(SERVICE_NAME, &service.meta.name), (MANAGED_BY, CONTROLLER)])
}

/// An empty slice of `service`, without ports.
pub(super) fn new_slice(service: &Service) -> Draft {
    let owner = OwnerReference {
        api_version: "v1".into(),
        kind: "Service".into(),
        name: service.meta.name.clone(),
        uid: service.meta.uid,
        controller: Some(true),
        block_owner_deletion: Some(true),
        ..OwnerReference::default()
    };
    let meta = ObjectMeta {
        generate_name: format!("{}-", service.meta.name).into(),
        namespace: service.meta.namespace.clone(),
        labels: labels(service),
        owner_references: vec![owner],
        ..ObjectMeta::default()
    };
    let address_type = "IPv4".into();
    Draft::new(EndpointSlice { meta, address_type, ..EndpointSlice::default() })
}
