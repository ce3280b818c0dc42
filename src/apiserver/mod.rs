//! The hub: facts with versions. Components meet here (what is said) and in the
//! infrastructure (what is), nowhere else.
//!
//! Upstream: staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go

pub mod roster;
pub mod apply;
pub mod status;
pub mod store;
mod verbs;
pub mod volume_index;
pub mod watch;

use crate::base::prng::Prng;
use status::Status;
use store::Store;
use watch::Log;

pub use verbs::{DeleteOptions, Propagation};

/// What a verb gives back: the object, or the refusal.
pub type Answer<T> = Result<T, Status>;

/// The API server: all objects, the log of changes, and the streams that names come from.
#[derive(Clone, Debug)]
pub struct ApiServer {
    /// All objects as of now.
    pub store: Store,
    /// What changed since the slowest reader last looked.
    pub log: Log,
    uids: Prng,
    names: Prng,
    addresses: u32,
    writes: u64,
}

impl ApiServer {
    /// An empty server whose uids and names come from `seed`.
    pub fn new(seed: &Prng) -> ApiServer {
        ApiServer {
            store: Store::default(),
            log: Log::default(),
            uids: seed.fork("uids"),
            names: seed.fork("names"),
            addresses: 0,
            writes: 0,
        }
    }

    /// How many writes there were.
    pub fn writes(&self) -> u64 {
        self.writes
    }
}
