//! kube-scheduler: chooses a node for each Pod that has none.
//!
//! Upstream: pkg/scheduler/schedule_one.go

use crate::apiserver::watch::Change;
use crate::base::timers::Timers;
use crate::client::ControlPlane;

/// When the scheduler is to be woken.
#[derive(Clone, Debug, PartialEq)]
pub enum Wake {
    /// There may be a Pod to schedule.
    Cycle,
}

/// The scheduler's memory.
#[derive(Clone, Debug, Default)]
pub struct Scheduler {}

impl Scheduler {
    /// A change in the store. `cx.cache` already holds it. After a start, every object is
    /// observed as added.
    pub fn observe(
        &mut self,
        _cx: &mut ControlPlane<'_>,
        _change: &Change,
        _timers: &mut Timers<Wake>,
    ) {
    }

    /// Does what `wake` asks for.
    pub fn wake(&mut self, _cx: &mut ControlPlane<'_>, _wake: Wake, _timers: &mut Timers<Wake>) {}
}
