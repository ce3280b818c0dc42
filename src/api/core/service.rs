//! Services and the older Endpoints.
//!
//! Upstream: staging/src/k8s.io/api/core/v1/types.go

use super::volume::ObjectReference;
use crate::api::int_or_text::IntOrText;
use crate::api::json::Shape;
use crate::api::meta::{Labels, ObjectMeta};
use crate::base::Str;
use crate::object;
use std::rc::Rc;

object! {
    /// A Service: one name for Pods that are chosen by labels.
    pub struct Service {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// What is wanted.
        spec: Rc<ServiceSpec> = "spec";
        /// What it got.
        status: ServiceStatus = "status" always;
    }
}

object! {
    /// What a Service wants.
    pub struct ServiceSpec {
        /// Its ports.
        ports: Vec<ServicePort> = "ports";
        /// Labels of the Pods behind it; without any, its Endpoints are made by hand.
        selector: Labels = "selector";
        /// Its address; `None` makes it headless.
        cluster_ip: Str = "clusterIP";
        /// Its addresses.
        cluster_ips: Vec<Str> = "clusterIPs";
        /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.
        kind: Str = "type";
        /// The name an ExternalName stands for.
        external_name: Str = "externalName";
        /// Whether Pods that are not ready get DNS names too.
        publish_not_ready_addresses: bool = "publishNotReadyAddresses";
        /// `IPv4`, `IPv6`.
        ip_families: Vec<Str> = "ipFamilies";
        /// `SingleStack`, …
        ip_family_policy: Option<Str> = "ipFamilyPolicy";
        /// `Cluster` or `Local`, for traffic from inside.
        internal_traffic_policy: Option<Str> = "internalTrafficPolicy";
        /// `None` or `ClientIP`.
        session_affinity: Str = "sessionAffinity";
    }
    kept {
        "allocateLoadBalancerNodePorts": Shape::Bool;
        "externalIPs": Shape::Any;
        "externalTrafficPolicy": Shape::Text;
        "healthCheckNodePort": Shape::Int32;
        "loadBalancerClass": Shape::Text;
        "loadBalancerIP": Shape::Text;
        "loadBalancerSourceRanges": Shape::Any;
        "sessionAffinityConfig": Shape::Any;
        "trafficDistribution": Shape::Text;
    }
}

object! {
    /// A port of a Service.
    pub struct ServicePort {
        /// Its name.
        name: Str = "name";
        /// `TCP`, `UDP` or `SCTP`.
        protocol: Str = "protocol";
        /// What it speaks.
        app_protocol: Option<Str> = "appProtocol";
        /// Its number.
        port: i32 = "port" always;
        /// The Pods' port, by number or name.
        target_port: Option<IntOrText> = "targetPort";
        /// The nodes' port.
        node_port: i32 = "nodePort";
    }
}

object! {
    /// What a Service got.
    pub struct ServiceStatus {}
    kept {
        "conditions": Shape::Any;
        "loadBalancer": Shape::Any;
    }
}

object! {
    /// The older list of addresses behind a Service.
    pub struct Endpoints {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// The addresses.
        subsets: Vec<EndpointSubset> = "subsets";
    }
}

object! {
    /// Addresses that share their ports.
    pub struct EndpointSubset {
        /// Those that are ready.
        addresses: Rc<Vec<Rc<EndpointAddress>>> = "addresses";
        /// Those that are not.
        not_ready_addresses: Rc<Vec<Rc<EndpointAddress>>> = "notReadyAddresses";
        /// Their ports.
        ports: Vec<EndpointPort> = "ports";
    }
}

object! {
    /// One address.
    pub struct EndpointAddress {
        /// The address.
        ip: Str = "ip" always;
        /// Its name under a headless Service.
        hostname: Str = "hostname";
        /// Its node.
        node_name: Option<Str> = "nodeName";
        /// The Pod behind it.
        target_ref: Option<ObjectReference> = "targetRef";
    }
}

object! {
    /// A port of an endpoint; also in EndpointSlices.
    pub struct EndpointPort {
        /// Its name.
        name: Option<Str> = "name";
        /// Its number.
        port: Option<i32> = "port";
        /// `TCP`, `UDP` or `SCTP`.
        protocol: Option<Str> = "protocol";
        /// What it speaks.
        app_protocol: Option<Str> = "appProtocol";
    }
}

impl Service {
    /// Whether it has no address of its own.
    pub fn is_headless(&self) -> bool {
        &*self.spec.cluster_ip == "None"
    }
}
