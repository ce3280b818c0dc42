//! What a cluster holds before anybody touches it: namespaces, nodes with their leases and
//! drivers, storage classes.

use super::incidents::Notes;
use super::world::{Counts, Inbox, Process, World};
use crate::api::core::config::{Namespace, ServiceAccount};
use crate::api::core::pod::Pod;
use crate::api::core::service::{Service, ServicePort};
use crate::api::int_or_text::IntOrText;
use crate::api::kinds::{Key, Object};
use crate::api::quantity::Quantity;
use crate::apiserver::store::Store;
use crate::apiserver::{self, ApiServer};
use crate::base::map::Map;
use crate::base::prng::Prng;
use crate::base::time::SimTime;
use crate::client::recorder::Recorder;
use crate::config::{Config, MachineConfig};
use crate::controller::Manager;
use crate::csi::Csi;
use crate::csi::{boot_objects, node_drivers};
use crate::infra::Infra;
use crate::infra::machine::Machine;
use crate::kubelet::Kubelets;
use crate::scheduler::Scheduler;
use crate::trace::Waits;
use std::rc::Rc;

impl World {
    /// A cluster at its start: everything runs, nothing was asked of it.
    pub fn new(config: Config) -> World {
        let seed = Prng::new(config.seed);
        let idle = Inbox { running: false, cursor: 0, expected: false, under_way: Rc::default() };
        let mut world = World {
            now: SimTime::ZERO,
            server: ApiServer::new(&seed),
            infra: Infra::default(),
            waits: Waits::default(),
            counts: Counts::default(),
            sequence: 0,
            agenda: Map::new(),
            inboxes: [idle.clone(), idle.clone(), idle.clone(), idle],
            manager: Manager::default(),
            scheduler: Scheduler::default(),
            scheduler_recorder: Recorder::newer("default-scheduler"),
            scheduler_cache: Store::default(),
            kubelets: Kubelets::default(),
            kubelets_cache: Store::default(),
            csi: Csi::default(),
            csi_cache: Store::default(),
            recorders: Map::new(),
            node_prng: seed.fork("nodes"),
            notes: Notes::default(),
            config: Rc::new(config),
        };
        let flags = &world.config.flags;
        world.server.config = apiserver::Config {
            max_unavailable_stateful_set: flags.max_unavailable_stateful_set,
            default_toleration_seconds: flags.default_toleration_seconds,
        };
        world.server.replay_names(&world.config.replay.names);
        world.found();
        for process in Process::ALL {
            world.start(process);
        }
        world.announce();
        world
    }

    /// Puts everything there that nobody asked for.
    fn found(&mut self) {
        for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            let mut namespace = Namespace::default();
            namespace.meta.name = name.into();
            namespace.meta.labels.set("kubernetes.io/metadata.name", name);
            namespace.spec.finalizers = vec!["kubernetes".into()];
            namespace.status.phase = "Active".into();
            self.put(Object::Namespace(Rc::new(namespace)));
            let mut account = ServiceAccount::default();
            account.meta.name = "default".into();
            account.meta.namespace = name.into();
            self.put(Object::ServiceAccount(Rc::new(account)));
        }
        self.put(Object::Service(Rc::new(kubernetes_service())));
        let config = self.config.clone();
        boot_objects(config.storage).into_iter().for_each(|object| self.put(object));
        for machine in &config.machines {
            self.add_machine(machine);
            self.with_kubelets(|kubelets, cx, _| {
                let drivers = node_drivers(config.storage, &machine.name, machine.volumes);
                kubelets.install(cx, &machine.name, Rc::new(drivers));
            });
        }
    }

    fn add_machine(&mut self, machine: &MachineConfig) {
        self.infra.add_machine(Machine {
            name: machine.name.clone(),
            number: 0,
            zone: machine.zone.clone(),
            cpu: Quantity::parse(&machine.cpu).unwrap_or_default(),
            memory: Quantity::parse(&machine.memory).unwrap_or_default(),
            pods: machine.pods,
            volumes: machine.volumes,
            powered: true,
            connected: true,
            since: self.now,
        });
    }

    /// A new machine joins: it boots, and its kubelet registers it as a Node. One of a name that
    /// is taken is left as it is.
    pub fn join(&mut self, machine: &MachineConfig) {
        if self.infra.machines.contains_key(&machine.name) {
            return;
        }
        self.add_machine(machine);
        let drivers = node_drivers(self.config.storage, &machine.name, machine.volumes);
        self.with_kubelets(|kubelets, cx, timers| {
            kubelets.join(cx, &machine.name, Rc::new(drivers), timers);
        });
        self.announce();
    }

    /// The application of the Pod `key` begins or ceases to fail its readiness probe, though it
    /// runs. Nothing happens if there is no such Pod.
    pub fn ail(&mut self, key: &Key, on: bool) {
        let Some(uid) = self.server.store.get::<Pod>(key).map(|pod| pod.meta.uid) else {
            return;
        };
        if on {
            self.infra.ailing.insert_mut(uid);
        } else {
            self.infra.ailing.remove_mut(&uid);
        }
        self.with_kubelets(|kubelets, cx, timers| kubelets.ailed(cx, uid, timers));
        self.announce();
    }

    fn put(&mut self, object: Object) {
        if let Err(status) = self.server.create(self.now, object) {
            crate::never!("an object of the start was refused: {status}");
        }
    }
}

/// The API server's own Service.
fn kubernetes_service() -> Service {
    let mut service = Service::default();
    service.meta.name = "kubernetes".into();
    service.meta.namespace = "default".into();
    service.meta.labels.set("component", "apiserver");
    service.meta.labels.set("provider", "kubernetes");
    let spec = Rc::make_mut(&mut service.spec);
    spec.cluster_ip = "10.96.0.1".into();
    spec.cluster_ips = vec!["10.96.0.1".into()];
    spec.kind = "ClusterIP".into();
    spec.ports.push(ServicePort {
        name: "https".into(),
        protocol: "TCP".into(),
        port: 443,
        target_port: Some(IntOrText::Int(6443)),
        ..ServicePort::default()
    });
    service
}
