//! What a component works with that lives on machines or drives disks: the control plane's
//! things and the infrastructure.

use super::recorder::EventKind;
use super::recorder::Recorder;
use crate::api::kinds::{Key, Kind, Object};
use crate::apiserver::ApiServer;
use crate::apiserver::store::Store;
use crate::base::Str;
use crate::base::map::Map;
use crate::base::prng::Prng;
use crate::base::time::SimTime;
use crate::client::api::Client;
use crate::config::Config;
use crate::infra::Infra;
use crate::trace::{Source, Wait, Waits};

/// What a kubelet or a driver works with.
pub struct NodePlane<'a> {
    /// Now.
    pub now: SimTime,
    /// What the cluster is made of, and how long things take.
    pub config: &'a Config,
    /// What the component knows: the store as it was when changes were last delivered.
    pub cache: Store,
    /// The hub, as of now. A kubelet whose machine does not reach it must not use it.
    pub server: &'a mut ApiServer,
    /// What is.
    pub infra: &'a mut Infra,
    /// The recorders, by component and host.
    pub recorders: &'a mut Map<(Str, Str), Recorder>,
    /// The component's own stream of chance.
    pub prng: &'a mut Prng,
    /// All waits of the cluster; use `say`.
    pub waits: &'a mut Waits,
    /// Objects looked at, for counting work.
    pub visits: &'a mut u64,
}

impl NodePlane<'_> {
    /// The verbs.
    pub fn client(&mut self) -> Client<'_> {
        Client { now: self.now, server: self.server }
    }

    /// Tells people something about `object`, as `component` on `host`.
    pub fn event(
        &mut self,
        component: &str,
        host: &Str,
        object: &Object,
        kind: EventKind,
        reason: &str,
        message: &str,
    ) {
        let at = (Str::from(component), host.clone());
        let fresh = || Recorder::on_host(component, host.clone());
        let mut recorder = self.recorders.get(&at).cloned().unwrap_or_else(fresh);
        recorder.record(self.server, self.now, object, kind, reason, message);
        self.recorders.insert_mut(at, recorder);
    }

    /// Says what waits, as far as the object `about` is concerned; replaces what `source`
    /// said of it before.
    pub fn say(&mut self, source: Source, about: (Kind, &Key), waits: Vec<Wait>) {
        self.waits.replace(source, about.0, about.1, waits);
    }
}
