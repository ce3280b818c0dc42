//! Services and what is behind them: defaults, rules, what may change. Addresses are given
//! in `apiserver::addresses`.
//!
//! Not here: dual-stack clusters, external traffic health checks, load balancer sources.
//!
//! Upstream: pkg/apis/core/v1/defaults.go, pkg/apis/core/validation/validation.go
//! (ValidateService), pkg/registry/core/service/strategy.go

use super::check::{Check, Path};
use super::{meta, names};
use crate::api::core::service::{Endpoints, Service, ServicePort, ServiceSpec};
use crate::api::discovery::EndpointSlice;
use crate::api::int_or_text::IntOrText;
use crate::base::sorted::SortedSet;
use serde_json::json;
use std::rc::Rc;

const TYPES: &[&str] = &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];

/// Fills in what was not given.
pub fn default(service: &mut Service) {
    let spec = Rc::make_mut(&mut service.spec);
    if spec.session_affinity.is_empty() {
        spec.session_affinity = "None".into();
    }
    match &*spec.session_affinity {
        "None" => spec.rest.remove("sessionAffinityConfig"),
        "ClientIP" => {
            let timeout = json!({"clientIP": {"timeoutSeconds": 10800}});
            spec.rest.set_default("sessionAffinityConfig", timeout);
        }
        _ => {}
    }
    if spec.kind.is_empty() {
        spec.kind = "ClusterIP".into();
    }
    for port in &mut spec.ports {
        if port.protocol.is_empty() {
            port.protocol = "TCP".into();
        }
        let unset = match &port.target_port {
            None | Some(IntOrText::Int(0)) => true,
            Some(IntOrText::Text(text)) => text.is_empty(),
            Some(IntOrText::Int(_)) => false,
        };
        if unset {
            port.target_port = Some(IntOrText::Int(port.port));
        }
    }
    let outside = matches!(&*spec.kind, "NodePort" | "LoadBalancer");
    if outside || spec.rest.get("externalIPs").is_some() {
        spec.rest.set_default("externalTrafficPolicy", json!("Cluster"));
    }
    if outside || &*spec.kind == "ClusterIP" {
        spec.internal_traffic_policy.get_or_insert_with(|| "Cluster".into());
    }
    if &*spec.kind == "LoadBalancer" {
        spec.rest.set_default("allocateLoadBalancerNodePorts", json!(true));
    }
    service.status.rest.set_default("loadBalancer", json!({}));
}

/// What a new Service starts with, whatever its maker wrote there.
pub fn prepare_create(service: &mut Service) {
    service.status = Default::default();
    service.status.rest.set("loadBalancer", json!({}));
}

/// What an update keeps of the Service it replaces: addresses and node ports that were left
/// out stay; a Service that stops having addresses gives them back.
pub fn prepare_update(new: &mut Service, old: &Service) {
    new.status = old.status.clone();
    let spec = Rc::make_mut(&mut new.spec);
    let needs_ip = |spec: &ServiceSpec| &*spec.kind != "ExternalName";
    if needs_ip(spec) && needs_ip(&old.spec) {
        if spec.cluster_ip.is_empty() && spec.cluster_ips.is_empty() {
            spec.cluster_ip = old.spec.cluster_ip.clone();
            spec.cluster_ips = old.spec.cluster_ips.clone();
        }
        if spec.ip_families.is_empty() {
            spec.ip_families = old.spec.ip_families.clone();
        }
        if spec.ip_family_policy.is_none() {
            spec.ip_family_policy = old.spec.ip_family_policy.clone();
        }
    }
    let has_node_ports = |spec: &ServiceSpec| matches!(&*spec.kind, "NodePort" | "LoadBalancer");
    if has_node_ports(spec) && has_node_ports(&old.spec) {
        for port in spec.ports.iter_mut().filter(|port| port.node_port == 0) {
            let same = |old: &&ServicePort| old.port == port.port && old.protocol == port.protocol;
            port.node_port = old.spec.ports.iter().find(same).map_or(0, |old| old.node_port);
        }
    }
    if !needs_ip(spec) && needs_ip(&old.spec) && spec.cluster_ips == old.spec.cluster_ips {
        spec.cluster_ip = "".into();
        spec.cluster_ips.clear();
        spec.ip_families.clear();
        spec.ip_family_policy = None;
        spec.internal_traffic_policy = None;
    }
    if !has_node_ports(spec) && has_node_ports(&old.spec) {
        for (port, old) in spec.ports.iter_mut().zip(&old.spec.ports) {
            if port.node_port == old.node_port {
                port.node_port = 0;
            }
        }
        spec.rest.remove("externalTrafficPolicy");
        spec.rest.remove("allocateLoadBalancerNodePorts");
    }
}

/// The rules for a Service.
pub fn validate(check: &mut Check, spec: &ServiceSpec) {
    let at = Path::root("spec");
    let headless = &*spec.cluster_ip == "None";
    if spec.ports.is_empty() && !headless && &*spec.kind != "ExternalName" {
        check.required(&at.child("ports"), "");
    }
    match &*spec.kind {
        "LoadBalancer" if headless => {
            let detail = "may not be set to 'None' for LoadBalancer services";
            check.text(&at.child("clusterIPs").index(0), "None", detail);
        }
        "NodePort" if headless => {
            let detail = "may not be set to 'None' for NodePort services";
            check.text(&at.child("clusterIPs").index(0), "None", detail);
        }
        "ExternalName" => {
            if !spec.cluster_ip.is_empty() {
                let detail = "may not be set for ExternalName services";
                check.forbidden(&at.child("clusterIPs"), detail);
            }
            let name = spec.external_name.trim_end_matches('.');
            if name.is_empty() {
                check.required(&at.child("externalName"), "");
            } else {
                check.all(&at.child("externalName"), name, names::dns_subdomain(name));
            }
        }
        _ => {}
    }
    let list = at.child("ports");
    let mut taken = SortedSet::new();
    for (index, port) in spec.ports.iter().enumerate() {
        let at = list.index(index);
        if port.name.is_empty() {
            check.require(spec.ports.len() == 1, &at.child("name"));
        } else {
            check.all(&at.child("name"), &port.name, names::dns_label(&port.name));
            if !taken.insert(&port.name) {
                check.duplicate(&at.child("name"), &port.name);
            }
        }
        check.port(&at.child("port"), port.port.into());
        check.word(&at.child("protocol"), &port.protocol, PROTOCOLS);
        match &port.target_port {
            Some(IntOrText::Text(name)) => {
                check.all(&at.child("targetPort"), name, names::port_name(name));
            }
            Some(IntOrText::Int(n)) => check.port(&at.child("targetPort"), (*n).into()),
            None => {}
        }
        let inside = &*spec.kind == "ClusterIP";
        if inside && port.node_port != 0 {
            let detail = "may not be used when `type` is 'ClusterIP'";
            check.forbidden(&at.child("nodePort"), detail);
        }
    }
    meta::labels(check, &at.child("selector"), &spec.selector);
    check.word(&at.child("sessionAffinity"), &spec.session_affinity, &["ClientIP", "None"]);
    check.word(&at.child("type"), &spec.kind, TYPES);
    twice(check, &list, &spec.ports);
    if let Some(policy) = &spec.internal_traffic_policy {
        check.word(&at.child("internalTrafficPolicy"), policy, &["Cluster", "Local"]);
    }
    addresses(check, &at, spec);
}

fn twice(check: &mut Check, at: &Path, ports: &[ServicePort]) {
    let mut taken = SortedSet::new();
    for (index, port) in ports.iter().enumerate() {
        if !taken.insert((port.port, &port.protocol)) {
            let shown = format!("{{\"Port\":{},\"Protocol\":{:?}}}", port.port, port.protocol);
            let cause =
                crate::apiserver::status::Cause::duplicate(at.index(index).to_string(), shown);
            check.causes.push(cause);
        }
    }
}

fn addresses(check: &mut Check, at: &Path, spec: &ServiceSpec) {
    let list = at.child("clusterIPs");
    if let Some(first) = spec.cluster_ips.first()
        && *first != spec.cluster_ip
    {
        let detail = "first value must match `clusterIP`";
        check.tree(&list, &spec.cluster_ips, detail);
    }
    for (index, ip) in spec.cluster_ips.iter().enumerate() {
        if !matches!(&**ip, "None" | "") && parse_ip(ip).is_none() && !ip.contains(':') {
            let detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
            check.text(&list.index(index), ip, detail);
        }
    }
}

/// An IPv4 address as a number.
pub fn parse_ip(text: &str) -> Option<u32> {
    let mut parts = text.split('.');
    let mut ip = 0;
    for _ in 0..4 {
        let part = parts.next()?;
        let plain = part.len() == 1 || !part.starts_with('0');
        ip = ip << 8 | u32::from(part.parse::<u8>().ok().filter(|_| plain)?);
    }
    parts.next().is_none().then_some(ip)
}

/// What may not change: an address, once given.
pub fn validate_update(check: &mut Check, new: &Service, old: &Service) {
    let kept = |spec: &ServiceSpec| &*spec.kind != "ExternalName";
    if kept(&new.spec)
        && kept(&old.spec)
        && !old.spec.cluster_ips.is_empty()
        && new.spec.cluster_ips.first() != old.spec.cluster_ips.first()
    {
        let list = Path::root("spec");
        let list = list.child("clusterIPs");
        let detail = "may not change once set";
        check.tree(&list.index(0), &new.spec.cluster_ips, detail);
        return;
    }
    validate(check, &new.spec);
}

/// Fills in what was not given.
pub fn default_endpoints(endpoints: &mut Endpoints) {
    for port in endpoints.subsets.iter_mut().flat_map(|subset| &mut subset.ports) {
        port.protocol.get_or_insert_with(|| "TCP".into());
    }
}

/// Fills in what was not given.
pub fn default_slice(slice: &mut EndpointSlice) {
    for port in &mut slice.ports {
        port.name.get_or_insert_with(|| "".into());
        port.protocol.get_or_insert_with(|| "TCP".into());
    }
}

/// The rules for a slice.
pub fn validate_slice(check: &mut Check, slice: &EndpointSlice) {
    check.word(&Path::root("addressType"), &slice.address_type, &["FQDN", "IPv4", "IPv6"]);
    let list = Path::root("endpoints");
    for (index, endpoint) in slice.endpoints.iter().enumerate() {
        let at = list.index(index);
        if endpoint.addresses.is_empty() {
            check.required(&at.child("addresses"), "must contain at least 1 address");
        }
    }
}
