//! external-provisioner's other half: for each class of a driver that says how much room it has
//! (`CSIDriver.spec.storageCapacity`), and for each place its node plugins report, one
//! CSIStorageCapacity object. Amounts are asked for when a volume was made or destroyed there or
//! could not be made, and once a minute.
//!
//! A disk system without a limit answers `UNLIMITED`. An object of a driver that no longer says how
//! much room it has stays as it is, as when the sidecar is deployed without `--enable-capacity`.
//!
//! Not here: owners of these objects, objects that somebody else labels as the driver's, the limit
//! of one update a second, classes with immediate binding (they need a flag upstream too),
//! maximumVolumeSize (these drivers know none).
//!
//! Upstream: kubernetes-csi/external-provisioner/pkg/capacity/{capacity,provision}.go,
//! pkg/capacity/topology/nodes.go

use super::drivers::{self, Driver, HOSTNAME, Home, ZONE};
use super::{Csi, Wake};
use crate::api::core::node::Node;
use crate::api::core::volume::PersistentVolume;
use crate::api::kinds::{Key, Kind};
use crate::api::meta::LabelSelector;
use crate::api::quantity::Quantity;
use crate::api::storage::{CSIDriver, CSINode, CSIStorageCapacity, StorageClass};
use crate::apiserver::DeleteOptions;
use crate::apiserver::watch::Change;
use crate::base::Str;
use crate::base::sorted::SortedSet;
use crate::base::time::{SimTime, Span};
use crate::base::timers::Timers;
use crate::client::node_plane::NodePlane;
use std::rc::Rc;

/// Where the sidecars live, and so their objects.
const NAMESPACE: &str = "kube-system";
/// How often amounts are asked for.
const POLL: Span = Span::minutes(1);
/// What a disk system without a limit has: 4Ei.
const UNLIMITED: i64 = 1 << 62;

/// A class and a place, by the value of the label that the driver knows places by: what one object
/// is about.
pub(super) type Item = (Str, Str);

impl Csi {
    /// Something changed that decides which objects there are, or an object was changed by
    /// somebody else.
    pub(super) fn rooms_changed(
        &mut self,
        cx: &mut NodePlane<'_>,
        change: &Change,
        timers: &mut Timers<Wake>,
    ) {
        match change.kind {
            Kind::Node => {
                let labels = |node: &Rc<Node>| node.meta.labels.clone();
                if change.old::<Node>().map(labels) == change.new::<Node>().map(labels) {
                    return;
                }
            }
            Kind::CSIStorageCapacity => {
                let known = self.rooms.iter().find(|(_, name)| **name == change.key.name);
                let Some(item) = known.map(|(item, _)| item.clone()) else { return };
                if let Some(room) = change.new::<CSIStorageCapacity>() {
                    if self.amount(cx, &item).is_some_and(|amount| room.capacity != Some(amount)) {
                        self.poll_rooms(cx, timers);
                    }
                    return;
                }
                self.rooms.remove_mut(&item);
            }
            _ => {}
        }
        if self.speaks(cx) {
            timers.at(cx.now, Wake::Places);
            if change.kind == Kind::CSIDriver {
                // The sidecar is deployed anew, and begins with all amounts.
                timers.at(cx.now, Wake::Poll);
            }
        }
    }

    /// Amounts may have changed unnoticed: they are asked for when the minute is full.
    pub fn poll_rooms(&mut self, cx: &NodePlane<'_>, timers: &mut Timers<Wake>) {
        if self.speaks(cx) {
            let at = SimTime(cx.now.0 + 1).next_tick(SimTime::ZERO, POLL);
            timers.at(at, Wake::Poll);
        }
    }

    /// Whether any driver says how much room it has, or has said so.
    fn speaks(&self, cx: &NodePlane<'_>) -> bool {
        !self.rooms.is_empty() || cx.cache.list::<CSIDriver>().any(|driver| says(driver))
    }

    /// Sees to it that there is one object for each class and place.
    pub(super) fn sync_places(&mut self, cx: &mut NodePlane<'_>) {
        let mut wanted = SortedSet::new();
        let classes: Vec<Rc<StorageClass>> = cx.cache.list::<StorageClass>().cloned().collect();
        for class in &classes {
            *cx.visits += 1;
            let Some(driver) = speaker(cx, class) else { continue };
            for place in places(cx, driver) {
                wanted.insert((class.meta.name.clone(), place));
            }
        }
        let told = self.rooms.keys().filter(|item| !wanted.contains(item));
        let idle: Vec<Item> = told.cloned().collect();
        for item in idle {
            let mut classes = classes.iter().filter(|class| class.meta.name == item.0);
            if classes.any(|class| waits(class) && speaker(cx, class).is_none()) {
                continue;
            }
            if let Some(name) = self.rooms.get(&item).cloned() {
                self.rooms.remove_mut(&item);
                let key = Key::new(NAMESPACE, name);
                let options = DeleteOptions::default();
                let _gone = cx.client().delete(Kind::CSIStorageCapacity, &key, &options);
            }
        }
        for item in wanted {
            if !self.rooms.contains_key(&item) {
                self.sync_room(cx, &item);
            }
        }
    }

    /// Asks for all amounts.
    pub(super) fn refresh_all(&mut self, cx: &mut NodePlane<'_>) {
        let items: Vec<Item> = self.rooms.keys().cloned().collect();
        items.iter().for_each(|item| self.sync_room(cx, item));
    }

    /// Asks for the amounts of a class.
    pub(super) fn refresh_class(&mut self, cx: &mut NodePlane<'_>, class: &Str) {
        let items = self.rooms.keys().filter(|(of, _)| of == class);
        let items: Vec<Item> = items.cloned().collect();
        items.iter().for_each(|item| self.sync_room(cx, item));
    }

    /// A volume was made or destroyed: asks for the amounts where it is, if that is known.
    pub(super) fn refresh_place(
        &mut self,
        cx: &mut NodePlane<'_>,
        driver: &'static Driver,
        volume: &PersistentVolume,
    ) -> bool {
        let terms = volume.spec.node_affinity.iter().flat_map(|affinity| &affinity.required);
        let mut wanted = terms
            .flat_map(|selector| &selector.node_selector_terms)
            .flat_map(|term| &term.match_expressions);
        let Some(wanted) = wanted.next() else { return false };
        if driver.place_key(cx.config.storage) == Some(&*wanted.key) {
            let here = |item: &&Item| wanted.values.contains(&item.1);
            let items: Vec<Item> = self.rooms.keys().filter(here).cloned().collect();
            for item in items {
                let class = cx.cache.get::<StorageClass>(&Key::global(item.0.clone()));
                if class.is_some_and(|class| *class.provisioner == *driver.provisioner) {
                    self.sync_room(cx, &item);
                }
            }
        }
        true
    }

    /// What the driver says of one class and place; `None` if it says nothing.
    fn amount(&self, cx: &NodePlane<'_>, item: &Item) -> Option<Quantity> {
        let class = cx.cache.get::<StorageClass>(&Key::global(item.0.clone()))?;
        Some(Quantity::bytes(free(cx, speaker(cx, class)?, class, &item.1)))
    }

    /// Asks the driver for one amount, and writes it if it is another than before.
    fn sync_room(&mut self, cx: &mut NodePlane<'_>, item: &Item) {
        *cx.visits += 1;
        let Some(amount) = self.amount(cx, item) else { return };
        if let Some(name) = self.rooms.get(item) {
            let key = Key::new(NAMESPACE, name.clone());
            let _gone = cx.client().patch::<CSIStorageCapacity>(&key, |room| {
                room.capacity = Some(amount);
            });
            return;
        }
        let class = cx.cache.get::<StorageClass>(&Key::global(item.0.clone()));
        let Some(driver) = class.and_then(|class| speaker(cx, class)) else { return };
        let mut room = CSIStorageCapacity::default();
        room.meta.generate_name = "csisc-".into();
        room.meta.namespace = NAMESPACE.into();
        room.meta.labels.set("csi.storage.k8s.io/drivername", driver.name);
        room.meta.labels.set("csi.storage.k8s.io/managed-by", "external-provisioner");
        let mut selector = LabelSelector::default();
        if let Some(key) = driver.place_key(cx.config.storage) {
            selector.match_labels.set(key, item.1.clone());
        }
        (room.node_topology, room.capacity) = (Some(selector), Some(amount));
        room.storage_class_name = item.0.clone();
        if let Ok(made) = cx.client().create(room) {
            self.rooms.insert_mut(item.clone(), made.meta.name.clone());
        }
    }
}

/// Whether a driver is deployed so that it says how much room it has.
fn says(driver: &CSIDriver) -> bool {
    driver.spec.storage_capacity == Some(true)
}

fn waits(class: &StorageClass) -> bool {
    class.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer")
}

/// The driver that says how much room there is for volumes of `class`.
fn speaker(cx: &NodePlane<'_>, class: &StorageClass) -> Option<&'static Driver> {
    let driver = drivers::by_provisioner(cx.config.storage, &class.provisioner)?;
    let object = cx.cache.get::<CSIDriver>(&Key::global(driver.name))?;
    (says(object) && waits(class)).then_some(driver)
}

/// The places that the driver's node plugins report; one without a name if they know none.
fn places(cx: &NodePlane<'_>, driver: &Driver) -> SortedSet<Str> {
    let key = driver.place_key(cx.config.storage);
    let here = |node: &&Rc<CSINode>| node.spec.drivers.iter().any(|it| *it.name == *driver.name);
    let nodes = cx.cache.list::<CSINode>().filter(here);
    let nodes = nodes.filter_map(|node| cx.cache.get::<Node>(&Key::global(node.meta.name.clone())));
    nodes
        .filter_map(|node| match key {
            Some(key) => node.meta.label(key).cloned(),
            None => Some("".into()),
        })
        .collect()
}

/// How many bytes of new volumes of `class` can be made at most for nodes in `place`.
fn free(cx: &NodePlane<'_>, driver: &Driver, class: &StorageClass, place: &Str) -> i64 {
    let room = |system: &str| cx.infra.room(system).unwrap_or(UNLIMITED);
    let label = match driver.home_of(class) {
        Home::Network => return room("network"),
        Home::Everywhere => return room("shared"),
        Home::Zone => ZONE,
        Home::Node => HOSTNAME,
    };
    let key = driver.place_key(cx.config.storage);
    if key == Some(label) {
        return room(place);
    }
    let here = |node: &&Rc<Node>| key.is_none_or(|key| node.meta.label(key) == Some(place));
    let systems = cx.cache.list::<Node>().filter(here).filter_map(|node| node.meta.label(label));
    systems.map(|system| room(system)).max().unwrap_or(0)
}
