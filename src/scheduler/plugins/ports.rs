//! Ports of the node: one Pod at a time.
//!
//! Upstream: pkg/scheduler/framework/plugins/nodeports/node_ports.go,
//! pkg/scheduler/framework/types.go (HostPortInfo)

use super::{Plugin, Rejection, State};
use crate::api::core::container::RestartPolicy;
use crate::api::core::pod::PodSpec;
use crate::scheduler::nodes::{HostPort, NodeInfo};

/// The ports of the node that a Pod takes: those of its containers and sidecars.
pub fn wanted(spec: &PodSpec) -> Vec<HostPort> {
    let sidecars =
        spec.init_containers.iter().filter(|c| c.restart_policy == RestartPolicy::Always);
    let mut ports = Vec::new();
    for port in spec.containers.iter().chain(sidecars).flat_map(|c| &c.ports) {
        let number = if port.host_port == 0 && spec.host_network {
            port.container_port
        } else {
            port.host_port
        };
        if number > 0 {
            let or = |text: &crate::base::Str, default: &str| {
                if text.is_empty() { default.into() } else { text.clone() }
            };
            ports.push((or(&port.protocol, "TCP"), or(&port.host_ip, "0.0.0.0"), number));
        }
    }
    ports
}

/// Whether two Pods cannot have these ports on one node.
pub fn conflict(a: &HostPort, b: &HostPort) -> bool {
    let any = |port: &HostPort| &*port.1 == "0.0.0.0";
    a.2 == b.2 && a.0 == b.0 && (any(a) || any(b) || a.1 == b.1)
}

/// Whether the ports the Pod takes are free.
pub fn filter(state: &State, node: &NodeInfo) -> Result<(), Rejection> {
    let taken = |port: &HostPort| node.ports.iter().any(|other| conflict(port, other));
    if state.info.ports.iter().any(taken) {
        let reason = "node(s) didn't have free ports for the requested pod ports";
        return Err(Rejection::new(Plugin::NodePorts, reason));
    }
    Ok(())
}
