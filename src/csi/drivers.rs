//! The drivers there are, and what a cluster holds of them at its start: classes, CSIDrivers and
//! the entries in each node's CSINode.
//!
//! `block.example.com` is a network disk for one machine at a time; `local.example.com` a
//! disk inside a machine; `shared.example.com` a file system for all machines at once;
//! `fake.example.com`, which answers to the provisioner name `example.com/fake`, needs no attach
//! step. A class's parameter `topology` (`zone` or `node`) ties its volumes to the zone or
//! the machine they were made in, and `stall: "true"` makes a volume that is never ready.
//!
//! A driver says how much room its disk systems have when its CSIDriver's `storageCapacity` is
//! true, which it is not at the start: whoever sets it is taken to run the sidecar with
//! `--enable-capacity` from then on.
//!
//! Not here: snapshots, secrets, mount options.

use crate::api::kinds::Object;
use crate::api::meta::ObjectMeta;
use crate::api::storage::{
    CSIDriver, CSIDriverSpec, CSINodeDriver, StorageClass, VolumeNodeResources,
};
use crate::base::Str;
use crate::client::volumes::DEFAULT_CLASS;
use crate::config::Storage;
use std::rc::Rc;

/// The label of a node's zone.
pub(super) const ZONE: &str = "topology.kubernetes.io/zone";
/// The label of a node's host name.
pub(super) const HOSTNAME: &str = "kubernetes.io/hostname";

/// A driver.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Driver {
    /// The name claims and classes call it by.
    pub provisioner: &'static str,
    /// The name volumes and nodes call it by.
    pub name: &'static str,
    /// Whether its volumes must be attached before they are mounted.
    pub attach: bool,
    /// Whether it can make volumes larger.
    pub resize: bool,
    /// Where its volumes are, unless the class says otherwise.
    pub home: Home,
}

/// Where a driver's volumes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// Anywhere, for one machine at a time.
    Network,
    /// In a zone, for one machine of it at a time.
    Zone,
    /// In a machine.
    Node,
    /// Anywhere, for all machines.
    Everywhere,
}

const BLOCK: Driver = Driver {
    provisioner: "block.example.com",
    name: "block.example.com",
    attach: true,
    resize: true,
    home: Home::Network,
};
const LOCAL: Driver = Driver {
    provisioner: "local.example.com",
    name: "local.example.com",
    attach: false,
    resize: true,
    home: Home::Node,
};
const SHARED: Driver = Driver {
    provisioner: "shared.example.com",
    name: "shared.example.com",
    attach: false,
    resize: true,
    home: Home::Everywhere,
};
const FAKE: Driver = Driver {
    provisioner: "example.com/fake",
    name: "fake.example.com",
    attach: false,
    resize: false,
    home: Home::Network,
};

static PLAYGROUND: [Driver; 3] = [BLOCK, LOCAL, SHARED];
static NO_ATTACH: [Driver; 2] = [FAKE, BLOCK];

fn drivers(storage: Storage) -> &'static [Driver] {
    match storage {
        Storage::Playground => &PLAYGROUND,
        Storage::NoAttach => &NO_ATTACH,
        Storage::None => &[],
    }
}

pub(super) fn by_provisioner(storage: Storage, name: &str) -> Option<&'static Driver> {
    drivers(storage).iter().find(|driver| driver.provisioner == name)
}

pub(super) fn by_name(storage: Storage, name: &str) -> Option<&'static Driver> {
    drivers(storage).iter().find(|driver| driver.name == name)
}

impl Driver {
    /// Where volumes of `class` are.
    pub fn home_of(&self, class: &StorageClass) -> Home {
        match class.parameters.get("topology").map(|topology| &**topology) {
            Some("zone") => Home::Zone,
            Some("node") => Home::Node,
            _ => self.home,
        }
    }

    /// The attacher's finalizer on volumes and attachments.
    pub fn finalizer(&self) -> Str {
        let dashed = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let name: String = self.name.chars().map(dashed).collect();
        format!("external-attacher/{name}").into()
    }

    /// By which label of a node the driver knows where it is. The recordings' drivers know none.
    pub fn place_key(&self, storage: Storage) -> Option<&'static str> {
        match self.home {
            _ if storage == Storage::NoAttach => None,
            Home::Node => Some(HOSTNAME),
            Home::Network | Home::Zone if self.attach => Some(ZONE),
            _ => None,
        }
    }
}

/// The classes and drivers that a cluster with this storage has at its start.
pub fn boot_objects(storage: Storage) -> Vec<Object> {
    let mut objects: Vec<Object> = drivers(storage).iter().map(driver_object).collect();
    objects.extend(match storage {
        Storage::Playground => vec![
            class("standard", &BLOCK, true, "Immediate", None),
            class("zonal", &BLOCK, false, "WaitForFirstConsumer", Some("zone")),
            class("local", &LOCAL, false, "WaitForFirstConsumer", None),
            class("shared", &SHARED, false, "Immediate", None),
        ],
        Storage::NoAttach => vec![class("standard", &FAKE, true, "Immediate", None)],
        Storage::None => Vec::new(),
    });
    objects
}

/// The drivers on the node of the machine `node`, for its CSINode. `volumes` is how many
/// attachable volumes the machine takes.
pub fn node_drivers(storage: Storage, node: &Str, volumes: Option<i32>) -> Vec<CSINodeDriver> {
    let entry = |driver: &Driver| CSINodeDriver {
        name: driver.name.into(),
        node_id: node.clone(),
        allocatable: volumes.filter(|_| driver.attach).map(|count| VolumeNodeResources {
            count: Some(count),
            ..VolumeNodeResources::default()
        }),
        topology_keys: driver.place_key(storage).into_iter().map(Str::from).collect(),
        ..CSINodeDriver::default()
    };
    drivers(storage).iter().map(entry).collect()
}

fn driver_object(driver: &Driver) -> Object {
    let meta = ObjectMeta { name: driver.name.into(), ..ObjectMeta::default() };
    let spec = CSIDriverSpec { attach_required: Some(driver.attach), ..CSIDriverSpec::default() };
    Object::CSIDriver(Rc::new(CSIDriver { meta, spec, ..CSIDriver::default() }))
}

fn class(name: &str, driver: &Driver, default: bool, mode: &str, topology: Option<&str>) -> Object {
    let mut meta = ObjectMeta { name: name.into(), ..ObjectMeta::default() };
    if default {
        meta.annotations.set(DEFAULT_CLASS, "true");
    }
    Object::StorageClass(Rc::new(StorageClass {
        meta,
        provisioner: driver.provisioner.into(),
        parameters: topology.map(|value| ("topology".into(), value.into())).into_iter().collect(),
        reclaim_policy: Some("Delete".into()),
        allow_volume_expansion: Some(true),
        volume_binding_mode: Some(mode.into()),
        ..StorageClass::default()
    }))
}
