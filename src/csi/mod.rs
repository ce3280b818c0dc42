//! The storage drivers and their sidecars: external-provisioner and external-attacher.
//!
//! Upstream: kubernetes-csi/external-provisioner, kubernetes-csi/external-attacher

use crate::api::kinds::Key;
use crate::apiserver::watch::Change;
use crate::base::timers::Timers;
use crate::client::node_plane::NodePlane;

/// When a driver is to be woken.
#[derive(Clone, Debug, PartialEq)]
pub enum Wake {
    /// A volume is made.
    Provisioned(Key),
}

/// All drivers.
#[derive(Clone, Debug, Default)]
pub struct Csi {}

impl Csi {
    /// A change in the store. `cx.cache` already holds it. After a start, every object is
    /// observed as added.
    pub fn observe(
        &mut self,
        _cx: &mut NodePlane<'_>,
        _change: &Change,
        _timers: &mut Timers<Wake>,
    ) {
    }

    /// Does what `wake` asks for.
    pub fn wake(&mut self, _cx: &mut NodePlane<'_>, _wake: Wake, _timers: &mut Timers<Wake>) {}
}
