//! The kubelets, one a machine: they start and stop what the API server asks for, and report.
//!
//! Upstream: pkg/kubelet/{kubelet,pod_workers}.go

use crate::apiserver::watch::Change;
use crate::base::Str;
use crate::base::timers::Timers;
use crate::client::node_plane::NodePlane;

/// When a kubelet is to be woken.
#[derive(Clone, Debug, PartialEq)]
pub enum Wake {
    /// The machine has booted.
    Booted(Str),
}

/// All kubelets.
#[derive(Clone, Debug, Default)]
pub struct Kubelets {}

impl Kubelets {
    /// A change in the store. `cx.cache` already holds it. After a start, every object is
    /// observed as added. A kubelet that does not reach the API server must not act on it.
    pub fn observe(
        &mut self,
        _cx: &mut NodePlane<'_>,
        _change: &Change,
        _timers: &mut Timers<Wake>,
    ) {
    }

    /// Does what `wake` asks for.
    pub fn wake(&mut self, _cx: &mut NodePlane<'_>, _wake: Wake, _timers: &mut Timers<Wake>) {}

    /// Power or network of the machine `node` has just changed.
    pub fn machine_changed(
        &mut self,
        _cx: &mut NodePlane<'_>,
        _node: &Str,
        _timers: &mut Timers<Wake>,
    ) {
    }
}
