//! What a cluster holds before anybody touches it: namespaces, nodes with their leases and
//! drivers, storage classes.

use super::world::{Counts, Inbox, Process, World};
use crate::api::core::config::Namespace;
use crate::api::kinds::Object;
use crate::api::meta::ObjectMeta;
use crate::apiserver::store::Store;
use crate::apiserver::{self, ApiServer};
use crate::base::map::Map;
use crate::base::prng::Prng;
use crate::base::time::SimTime;
use crate::client::recorder::Recorder;
use crate::config::Config;
use crate::controller::Manager;
use crate::csi::Csi;
use crate::infra::Infra;
use crate::kubelet::Kubelets;
use crate::scheduler::Scheduler;
use crate::trace::Waits;
use std::rc::Rc;

impl World {
    /// A cluster at its start: everything runs, nothing was asked of it.
    pub fn new(config: Config) -> World {
        let seed = Prng::new(config.seed);
        let idle = Inbox { running: false, cursor: 0, expected: false };
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
            config: Rc::new(config),
        };
        let flags = &world.config.flags;
        world.server.config = apiserver::Config {
            max_unavailable_stateful_set: flags.max_unavailable_stateful_set,
            default_toleration_seconds: flags.default_toleration_seconds,
        };
        for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            let meta = ObjectMeta { name: name.into(), ..ObjectMeta::default() };
            world.put(Object::Namespace(Rc::new(Namespace { meta, ..Namespace::default() })));
        }
        for process in Process::ALL {
            world.start(process);
        }
        world.announce();
        world
    }

    fn put(&mut self, object: Object) {
        if let Err(status) = self.server.create(self.now, object) {
            crate::never!("an object of the start was refused: {status}");
        }
    }
}
