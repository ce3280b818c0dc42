//! What client-go is upstream: how components see the hub. A cache is an older `Store`; a
//! queue folds duplicates and backs off; a recorder writes Events.
//!
//! Not here: list pagination, rate limits of clients, leader election.

pub mod api;
pub mod lives;
pub mod node_plane;
pub mod queue;
pub mod recorder;
pub mod request;
pub mod volumes;

use crate::api::kinds::{Key, Object};
use crate::apiserver::ApiServer;
use crate::apiserver::store::Store;
use crate::base::time::{SimTime, Span};
use crate::config::Config;
use crate::trace::{Because, Source, Wait, Waits};
use api::Client;
use recorder::{EventKind, Recorder};

/// What a component of the control plane works with. It carries no infrastructure: such a
/// component knows a node only by what its Node object and its Lease say.
pub struct ControlPlane<'a> {
    /// Now.
    pub now: SimTime,
    /// What the cluster is made of, and its flags.
    pub config: &'a Config,
    /// What the component knows: the store as it was when changes were last delivered.
    pub cache: Store,
    /// The hub, as of now.
    pub server: &'a mut ApiServer,
    /// The component's recorder.
    pub recorder: &'a mut Recorder,
    /// All waits of the cluster; use `say`.
    pub waits: &'a mut Waits,
    /// Objects looked at, for counting work.
    pub visits: &'a mut u64,
}

impl ControlPlane<'_> {
    /// The verbs.
    pub fn client(&mut self) -> Client<'_> {
        Client { now: self.now, server: self.server }
    }

    /// Tells people something about `object`.
    pub fn event(&mut self, object: &Object, kind: EventKind, reason: &str, message: &str) {
        self.recorder.record(self.server, self.now, object, kind, reason, message);
    }

    /// Says what waits, as far as the object `about` is concerned; replaces what `source`
    /// said of it before. An empty list says that nothing waits.
    pub fn say(
        &mut self,
        source: Source,
        about: (crate::api::kinds::Kind, &Key),
        waits: Vec<Wait>,
    ) {
        self.waits.replace(source, about.0, about.1, waits);
    }

    /// A wait that began now (or when it was first said).
    pub fn wait(&self, subject: &Object, because: Because) -> Wait {
        Wait { subject: subject.reference(), on: None, because, since: self.now, until: None }
    }
}

/// What comes after a reconcile that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requeue {
    /// Nothing, until something changes.
    AwaitChange,
    /// Nothing, until something changes; what was asked for later is called off.
    Rest,
    /// Again after so long.
    After(Span),
    /// Again after the key's growing pause, as if it had failed.
    Backoff,
}

/// Keys a controller wants to look at.
#[derive(Debug, Default)]
pub struct Keys {
    /// As soon as possible.
    pub now: Vec<Key>,
    /// After a while.
    pub later: Vec<(Span, Key)>,
}

impl Keys {
    /// Asks for `key` as soon as possible.
    pub fn add(&mut self, key: Key) {
        if self.now.last() != Some(&key) {
            self.now.push(key);
        }
    }

    /// Asks for `key` after `span`.
    pub fn add_after(&mut self, span: Span, key: Key) {
        self.later.push((span, key));
    }
}
