//! The discovery group: the addresses behind Services.
//!
//! Upstream: staging/src/k8s.io/api/discovery/v1/types.go

use super::core::service::EndpointPort;
use super::core::volume::ObjectReference;
use super::json::Shape;
use super::meta::ObjectMeta;
use crate::base::Str;
use crate::object;
use std::rc::Rc;

object! {
    /// Up to 100 addresses behind a Service.
    pub struct EndpointSlice {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// `IPv4`, `IPv6` or `FQDN`.
        address_type: Str = "addressType" always;
        /// The addresses.
        endpoints: Vec<Rc<Endpoint>> = "endpoints" always;
        /// Their ports.
        ports: Vec<EndpointPort> = "ports" always;
    }
}

object! {
    /// One address and how it is.
    pub struct Endpoint {
        /// The address; clients use the first.
        addresses: Vec<Str> = "addresses" always;
        /// How it is.
        conditions: EndpointConditions = "conditions";
        /// Its name under a headless Service.
        hostname: Option<Str> = "hostname";
        /// The Pod behind it.
        target_ref: Option<ObjectReference> = "targetRef";
        /// Its node.
        node_name: Option<Str> = "nodeName";
        /// Its zone.
        zone: Option<Str> = "zone";
    }
    kept {
        "deprecatedTopology": Shape::Any;
        "hints": Shape::Any;
    }
}

object! {
    /// How an address is.
    pub struct EndpointConditions {
        /// Whether it should get new traffic.
        ready: Option<bool> = "ready";
        /// Whether it answers, even while it is being deleted.
        serving: Option<bool> = "serving";
        /// Whether it is being deleted.
        terminating: Option<bool> = "terminating";
    }
}
