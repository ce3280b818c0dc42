//! Services and what is behind them: defaults, rules, what may change. Addresses are given
//! in `apiserver::addresses`.
//!
//! Not here: dual-stack clusters, the port for health checks of outside traffic, load balancer
//! sources.
//!
//! Upstream: pkg/apis/core/v1/defaults.go, pkg/apis/core/validation/validation.go
//! (ValidateService), pkg/registry/core/service/strategy.go

use super::check::{Check, Path};
use super::{meta, names};
use crate::api::core::service::{Endpoints, Service, ServicePort, ServiceSpec};
use crate::api::discovery::EndpointSlice;
use crate::api::int_or_text::IntOrText;
use crate::apiserver::status::Cause;
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
    let spec = Rc::make_mut(&mut service.spec);
    if spec.cluster_ips.is_empty() && !spec.cluster_ip.is_empty() {
        spec.cluster_ips.push(spec.cluster_ip.clone());
    }
}

/// Whether the Service has an address, or says that it wants none.
fn has_address(spec: &ServiceSpec) -> bool {
    &*spec.kind != "ExternalName"
}

/// Whether the Service is reached from outside by the nodes' ports.
pub fn has_node_ports(spec: &ServiceSpec) -> bool {
    matches!(&*spec.kind, "NodePort" | "LoadBalancer")
}

/// What an update keeps of the Service it replaces: addresses and node ports that were left
/// out stay; a Service that stops having addresses gives them back.
pub fn prepare_update(new: &mut Service, old: &Service) {
    new.status = old.status.clone();
    let (spec, old) = (Rc::make_mut(&mut new.spec), &old.spec);
    let same_ips = spec.cluster_ips == old.cluster_ips;
    if spec.cluster_ip != old.cluster_ip && same_ips {
        // Who knows only the older field means both.
        spec.cluster_ips.clear();
        spec.cluster_ips.extend(Some(spec.cluster_ip.clone()).filter(|ip| !ip.is_empty()));
    }
    if has_address(spec) && has_address(old) {
        if spec.cluster_ip.is_empty() {
            spec.cluster_ip = old.cluster_ip.clone();
        }
        if spec.cluster_ips.is_empty() {
            spec.cluster_ips = old.cluster_ips.clone();
        }
        if spec.ip_families.is_empty() {
            spec.ip_families = old.ip_families.clone();
        }
        if spec.ip_family_policy.is_none() {
            spec.ip_family_policy = old.ip_family_policy.clone();
        }
    }
    if has_node_ports(spec) && has_node_ports(old) {
        let given = |list: &[ServicePort], port: i32| list.iter().any(|p| p.node_port == port);
        let all = spec.ports.clone();
        for port in spec.ports.iter_mut().filter(|port| port.node_port == 0) {
            let same = old.ports.iter().find(|old| old.name == port.name);
            let before = same.map_or(0, |old| old.node_port);
            port.node_port = if given(&all, before) { 0 } else { before };
        }
    }
    drop_what_the_type_does_not_have(spec, old);
}

/// Takes out what the new type does not have, unless it was changed together with the type.
fn drop_what_the_type_does_not_have(spec: &mut ServiceSpec, old: &ServiceSpec) {
    if !has_address(spec) && has_address(old) {
        if spec.cluster_ip == old.cluster_ip && spec.cluster_ips == old.cluster_ips {
            spec.cluster_ip = "".into();
            spec.cluster_ips.clear();
        }
        if spec.ip_families == old.ip_families {
            spec.ip_families.clear();
        }
        if spec.ip_family_policy == old.ip_family_policy {
            spec.ip_family_policy = None;
        }
    }
    let mut leaves = Vec::new();
    if has_node_ports(old) && !has_node_ports(spec) {
        let known = |port: &ServicePort| old.ports.iter().any(|o| o.node_port == port.node_port);
        if spec.ports.iter().all(|port| port.node_port == 0 || known(port)) {
            spec.ports.iter_mut().for_each(|port| port.node_port = 0);
        }
        leaves.push("externalTrafficPolicy");
    }
    if &*old.kind == "LoadBalancer" && &*spec.kind != "LoadBalancer" {
        leaves.extend(["allocateLoadBalancerNodePorts", "loadBalancerClass"]);
    }
    for name in leaves {
        if spec.rest.get(name) == old.rest.get(name) {
            spec.rest.remove(name);
        }
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
    let (mut taken, mut nodes) = (SortedSet::new(), SortedSet::new());
    for (index, port) in ports.iter().enumerate() {
        if port.node_port != 0 && !nodes.insert((port.node_port, &port.protocol)) {
            let at = at.index(index);
            let at = at.child("nodePort").to_string();
            check.causes.push(Cause::duplicate(at, port.node_port));
        }
        if !taken.insert((port.port, &port.protocol)) {
            let shown = format!(
                "{{\"Name\":\"\",\"Protocol\":{:?},\"AppProtocol\":null,\"Port\":{},\
                 \"TargetPort\":0,\"NodePort\":0}}",
                port.protocol, port.port
            );
            check.causes.push(Cause::duplicate(at.index(index).to_string(), shown));
        }
    }
}

const FAMILIES: [&str; 2] = ["IPv4", "IPv6"];
const FAMILY_POLICIES: [&str; 3] = ["PreferDualStack", "RequireDualStack", "SingleStack"];

fn addresses(check: &mut Check, at: &Path, spec: &ServiceSpec) {
    if !has_address(spec) {
        return;
    }
    let (ips, families) = (at.child("clusterIPs"), at.child("ipFamilies"));
    if let Some(first) = spec.cluster_ips.first()
        && *first != spec.cluster_ip
    {
        let detail = "first value must match `clusterIP`";
        check.tree(&ips, &spec.cluster_ips, detail);
    }
    for (index, family) in spec.ip_families.iter().enumerate() {
        check.word(&families.index(index), family, &FAMILIES);
        if spec.ip_families[..index].contains(family) {
            check.duplicate(&families.index(index), family);
        }
    }
    if let Some(policy) = &spec.ip_family_policy {
        check.word(&at.child("ipFamilyPolicy"), policy, &FAMILY_POLICIES);
    }
    for (index, ip) in spec.cluster_ips.iter().enumerate() {
        if matches!(&**ip, "None" | "") {
            continue;
        }
        if parse_ip(ip).is_none() && !ip.contains(':') {
            let detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
            check.text(&ips.index(index), ip, detail);
            continue;
        }
        let family = FAMILIES[usize::from(ip.contains(':'))];
        if let Some(said) = spec.ip_families.get(index).filter(|said| ***said != *family) {
            let detail = format!("expected an {said} value as indicated by `ipFamilies[{index}]`");
            check.text(&ips.index(index), ip, &detail);
        }
    }
    // A headless Service whose addresses are made by hand may have any.
    if check.causes.is_empty() && !(&*spec.cluster_ip == "None" && spec.selector.is_empty()) {
        if spec.ip_family_policy.as_deref() == Some("RequireDualStack") {
            let detail = "this cluster is not configured for dual-stack services";
            check.text(&at.child("ipFamilyPolicy"), "RequireDualStack", detail);
        }
        for (index, family) in spec.ip_families.iter().enumerate().filter(|(_, f)| &***f != "IPv4")
        {
            check.text(&families.index(index), family, "not configured on this cluster");
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
