//! The addresses and node ports of Services: chance among those that are free.
//!
//! Not here: addresses of Pods, which their nodes give; dual-stack clusters.
//!
//! Upstream: pkg/registry/core/service/storage/alloc.go, ipallocator, portallocator

use super::status::{Cause, Status};
use super::strategy::service::{has_node_ports, parse_ip};
use super::{Answer, ApiServer};
use crate::api::core::service::{Service, ServicePort, ServiceSpec};
use crate::api::kinds::{Key, Kind};
use crate::base::Str;
use serde_json::Value;
use std::net::Ipv4Addr;
use std::rc::Rc;

/// The first address of the range, 10.96.0.0, and how many bits are free in it (a /12).
const RANGE: (u32, u32) = (0x0a60_0000, 20);
/// So many addresses at the start of the range are only given on request.
const STATIC_IPS: u32 = 256;
/// The node ports, of which the first 86 are only given on request.
const NODE_PORTS: std::ops::Range<i32> = 30_000..32_768;
const STATIC_PORTS: i32 = 86;

impl ApiServer {
    /// Gives `service` the addresses and node ports it lacks, and checks those it asks for.
    pub(super) fn give_addresses(&mut self, service: &mut Service) -> Answer<()> {
        let key = Key::of(&service.meta);
        let spec = Rc::make_mut(&mut service.spec);
        if &*spec.kind == "ExternalName" {
            return Ok(());
        }
        if spec.cluster_ip.is_empty() {
            spec.cluster_ip = spec.cluster_ips.first().cloned().unwrap_or_default();
        }
        let families: &[&str] = match (&*spec.cluster_ip, spec.selector.is_empty()) {
            ("None", true) => &["IPv4", "IPv6"],
            _ => &["IPv4"],
        };
        if spec.ip_families.is_empty() {
            spec.ip_families = families.iter().map(|&family| family.into()).collect();
        }
        let policy = if families.len() > 1 { "RequireDualStack" } else { "SingleStack" };
        spec.ip_family_policy.get_or_insert_with(|| policy.into());
        if &*spec.cluster_ip != "None" {
            spec.cluster_ip = self.cluster_ip(&key, &spec.cluster_ip)?;
        }
        if spec.cluster_ips.is_empty() {
            spec.cluster_ips.push(spec.cluster_ip.clone());
        }
        if has_node_ports(spec) {
            self.give_node_ports(&key, spec)?;
        }
        Ok(())
    }

    /// A port that is there for several protocols has one node port for all of them.
    fn give_node_ports(&mut self, key: &Key, spec: &mut ServiceSpec) -> Answer<()> {
        let gives = spec.rest.get("allocateLoadBalancerNodePorts") != Some(&Value::Bool(false));
        let mut given: Vec<(i32, i32)> = Vec::new();
        for index in 0..spec.ports.len() {
            let port = spec.ports[index].clone();
            if port.node_port == 0 && !gives {
                continue;
            }
            let shares = |other: &&ServicePort| other.port == port.port && other.node_port != 0;
            let shared = spec.ports.iter().find(shares).map(|other| other.node_port);
            let wanted = if port.node_port == 0 { shared.unwrap_or(0) } else { port.node_port };
            let node_port = match given.contains(&(port.port, wanted)) {
                true => wanted,
                false => self.node_port(key, wanted, index, &given)?,
            };
            spec.ports[index].node_port = node_port;
            given.push((port.port, node_port));
        }
        Ok(())
    }

    fn cluster_ip(&mut self, key: &Key, wanted: &Str) -> Answer<Str> {
        let (first, bits) = RANGE;
        let taken = |ip: &str| {
            let mut others = self.store.list::<Service>();
            others.any(|other| *other.spec.cluster_ip == *ip && Key::of(&other.meta) != *key)
        };
        let refuse = |detail: &str| {
            let cause = Cause::invalid("spec.clusterIPs", format!("[{wanted:?}]"), detail);
            Err(Status::invalid(Kind::Service, &key.name, vec![cause]))
        };
        if !wanted.is_empty() {
            let inside = parse_ip(wanted).is_some_and(|ip| ip >> bits == first >> bits);
            return match (inside, taken(wanted)) {
                (false, _) => refuse(&format!(
                    "failed to allocate IP {wanted}: the provided network does not match the \
                     current range"
                )),
                (true, true) => refuse(&format!(
                    "failed to allocate IP {wanted}: provided IP is already allocated"
                )),
                (true, false) => Ok(wanted.clone()),
            };
        }
        let size = (1 << bits) - STATIC_IPS - 1;
        let start = self.addresses.below(u64::from(size)) as u32;
        for step in 0..size {
            let ip = Ipv4Addr::from(first + STATIC_IPS + (start + step) % size).to_string();
            if !self.store.list::<Service>().any(|other| *other.spec.cluster_ip == *ip) {
                return Ok(ip.into());
            }
        }
        Err(Status::internal_error("failed to allocate a serviceIP: range is full"))
    }

    fn node_port(
        &mut self,
        key: &Key,
        wanted: i32,
        at: usize,
        given: &[(i32, i32)],
    ) -> Answer<i32> {
        let taken = |port: i32| {
            let mut others = self.store.list::<Service>();
            given.iter().any(|(_, other)| *other == port)
                || others.any(|other| {
                    Key::of(&other.meta) != *key
                        && other.spec.ports.iter().any(|p| p.node_port == port)
                })
        };
        let refuse = |detail: &str| {
            let field = format!("spec.ports[{at}].nodePort");
            Err(Status::invalid(
                Kind::Service,
                &key.name,
                vec![Cause::invalid(field, wanted, detail)],
            ))
        };
        if wanted != 0 {
            return match (NODE_PORTS.contains(&wanted), taken(wanted)) {
                (false, _) => refuse(
                    "provided port is not in the valid range. The range of valid ports is \
                     30000-32767",
                ),
                (true, true) => refuse("provided port is already allocated"),
                (true, false) => Ok(wanted),
            };
        }
        let size = NODE_PORTS.end - NODE_PORTS.start - STATIC_PORTS;
        let start = self.addresses.below(size as u64) as i32;
        let free = (0..size).map(|step| NODE_PORTS.start + STATIC_PORTS + (start + step) % size);
        let taken = |port: &i32| {
            given.iter().any(|(_, other)| other == port)
                || self
                    .store
                    .list::<Service>()
                    .any(|other| other.spec.ports.iter().any(|p| p.node_port == *port))
        };
        free.into_iter()
            .find(|port| !taken(port))
            .ok_or_else(|| Status::internal_error("failed to allocate a nodePort: range is full"))
    }
}
