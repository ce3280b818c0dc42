//! The hub: facts with versions. Components meet here (what is said) and in the
//! infrastructure (what is), nowhere else.
//!
//! Upstream: staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go

mod addresses;
mod admission;
pub mod apply;
mod deletion;
mod eviction;
pub mod http;
mod limits;
pub mod managed;
pub mod patch;
mod quota;
pub mod roster;
pub mod scale;
pub mod selector;
pub mod status;
pub mod store;
pub mod strategy;
mod verbs;
pub mod volume_index;
pub mod watch;

use crate::api::json::Rest;
use crate::base::Str;
use crate::base::names::RecordedName;
use crate::base::prng::Prng;
use status::Status;
use std::rc::Rc;
use store::Store;
use watch::Log;

pub use deletion::{DeleteOptions, FOREGROUND, ORPHAN, Propagation};
pub use strategy::Config;
pub use verbs::DryRun;

/// What a verb gives back: the object, or the refusal.
pub type Answer<T> = Result<T, Status>;

/// The API server: all objects, the log of changes, and the streams that names come from.
#[derive(Clone, Debug)]
pub struct ApiServer {
    /// All objects as of now.
    pub store: Store,
    /// What changed since the slowest reader last looked.
    pub log: Log,
    /// The server's flags.
    pub config: Config,
    /// The field manager of the writes that come; empty for the cluster's own components.
    pub manager: Str,
    uids: Prng,
    names: Prng,
    addresses: Prng,
    /// What every Pod mounts to reach the API; here so that all Pods share it.
    api_access: Rest,
    mounted: Option<admission::Mounted>,
    /// For replays: names that the recorded server made up and that were not used yet.
    recorded_names: Rc<Vec<RecordedName>>,
    writes: u64,
}

impl ApiServer {
    /// An empty server whose uids, names and addresses come from `seed`.
    pub fn new(seed: &Prng) -> ApiServer {
        ApiServer {
            store: Store::default(),
            log: Log::default(),
            config: Config::default(),
            manager: "".into(),
            uids: seed.fork("uids"),
            names: seed.fork("names"),
            addresses: seed.fork("addresses"),
            api_access: strategy::pod::api_access(),
            mounted: None,
            recorded_names: Rc::default(),
            writes: 0,
        }
    }

    /// Makes up the names of a run that is replayed, as in `config::Replay::names`.
    pub fn replay_names(&mut self, names: &[RecordedName]) {
        self.recorded_names = Rc::new(names.to_vec());
    }

    /// Lets `manager` write: what it sets is noted as its own.
    pub fn acting_as<T>(&mut self, manager: &str, act: impl FnOnce(&mut ApiServer) -> T) -> T {
        let before = std::mem::replace(&mut self.manager, manager.into());
        let done = act(self);
        self.manager = before;
        done
    }

    /// How many writes there were.
    pub fn writes(&self) -> u64 {
        self.writes
    }
}
