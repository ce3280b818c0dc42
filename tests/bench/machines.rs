//! The cluster in which many Pods are tried.
//!
//! Not here: what is tried in it.

use playground::config::{Config, MachineConfig};

/// So many equal machines in three zones, with room for 200 Pods each.
pub fn cluster(nodes: u32) -> Config {
    let machine = |n: u32| MachineConfig {
        name: format!("node-{n}").into(),
        zone: format!("zone-{}", n % 3).into(),
        cpu: "64".into(),
        memory: "256Gi".into(),
        pods: 200,
        volumes: None,
    };
    Config { machines: (0..nodes).map(machine).collect(), ..Config::default() }
}
