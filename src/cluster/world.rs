//! The whole cluster as a value. A clone costs a few pointers.

use super::incidents::Notes;
use crate::api::core::volume::PersistentVolumeClaim;
use crate::api::kinds::Key;
use crate::apiserver::ApiServer;
use crate::apiserver::store::Store;
use crate::base::Str;
use crate::base::map::Map;
use crate::base::prng::Prng;
use crate::base::time::SimTime;
use crate::client::recorder::Recorder;
use crate::config::Config;
use crate::controller::{self, Manager};
use crate::csi::{self, Csi};
use crate::infra::Infra;
use crate::kubelet::{self, Kubelets};
use crate::scheduler::decision::Decision;
use crate::scheduler::{self, Scheduler};
use crate::trace::Waits;
use std::collections::VecDeque;
use std::rc::Rc;

/// A process that follows the store from its own cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Process {
    /// kube-controller-manager.
    ControllerManager,
    /// kube-scheduler.
    Scheduler,
    /// All kubelets; each heeds only what concerns its node.
    Kubelets,
    /// The storage drivers.
    Csi,
}

impl Process {
    /// All processes, in the order in which they are told of a change.
    pub const ALL: [Process; 4] =
        [Process::ControllerManager, Process::Scheduler, Process::Kubelets, Process::Csi];
}

/// What the agenda holds: who is woken, for what.
#[derive(Clone, Debug, PartialEq)]
pub enum Wake {
    /// A process is told what changed.
    Deliver(Process),
    /// A controller.
    Controller(controller::Wake),
    /// The scheduler.
    Scheduler(scheduler::Wake),
    /// A kubelet.
    Kubelet(kubelet::Wake),
    /// A storage driver.
    Csi(csi::Wake),
}

/// Where a process is in the log.
#[derive(Clone, Debug)]
pub struct Inbox {
    /// Whether the process runs.
    pub running: bool,
    /// The last revision it was told of.
    pub cursor: u64,
    /// Whether a delivery is on its way.
    pub expected: bool,
    /// The stores whose news are on their way, while news take long: each arrives by itself.
    pub under_way: Rc<VecDeque<Store>>,
}

/// Counted work, for benchmarks and tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Agenda entries taken.
    pub wakes: u64,
    /// Objects looked at by components.
    pub visits: u64,
}

/// The whole cluster.
#[derive(Clone, Debug)]
pub struct World {
    /// What it is made of.
    pub config: Rc<Config>,
    /// Now.
    pub now: SimTime,
    /// What is said.
    pub server: ApiServer,
    /// What is.
    pub infra: Infra,
    /// What waits, and why.
    pub waits: Waits,
    /// Counted work.
    pub counts: Counts,
    pub(super) sequence: u64,
    pub(super) agenda: Map<(SimTime, u64), Wake>,
    pub(super) inboxes: [Inbox; 4],
    pub(super) manager: Manager,
    pub(super) scheduler: Scheduler,
    pub(super) scheduler_recorder: Recorder,
    pub(super) scheduler_cache: Store,
    pub(super) kubelets: Kubelets,
    pub(super) kubelets_cache: Store,
    pub(super) csi: Csi,
    pub(super) csi_cache: Store,
    pub(super) recorders: Map<(Str, Str), Recorder>,
    pub(super) node_prng: Prng,
    pub(super) notes: Notes,
}

impl World {
    /// The store as of now.
    pub fn store(&self) -> &Store {
        &self.server.store
    }

    /// When the next agenda entry is due.
    pub fn next_due(&self) -> Option<SimTime> {
        self.next().map(|((at, _), _)| *at)
    }

    /// Whether all that is still to come are the times of CronJobs.
    pub fn only_schedules(&self) -> bool {
        let mut left = self.agenda.iter().filter(|((at, _), wake)| self.expects(*at, wake));
        left.all(|(_, wake)| {
            let later = controller::ControllerId::CronJob;
            matches!(wake, Wake::Controller(controller::Wake::Later(id, _)) if *id == later)
        })
    }

    /// The next agenda entry that still finds something to do.
    fn next(&self) -> Option<(&(SimTime, u64), &Wake)> {
        let expected = |(at, wake): &(&(SimTime, u64), &Wake)| self.expects(at.0, wake);
        // Mostly the first; to walk about in the agenda costs more.
        self.agenda.first().filter(expected).or_else(|| self.agenda.iter().find(expected))
    }

    /// Who is woken next, for what.
    pub fn next_wake(&self) -> Option<&Wake> {
        self.next().map(|(_, wake)| wake)
    }

    /// Up to which revision `process` has heard of what was written.
    pub fn heard(&self, process: Process) -> u64 {
        self.inboxes[process as usize].cursor
    }

    /// Lets a controller not come to the key it was to look at next; a later change brings it
    /// back. For replays of runs in which it was slower.
    pub fn miss(&mut self, id: controller::ControllerId, key: &Key) {
        self.manager.miss(id, key);
    }

    /// Lets what is due next come later, at `until`. For replays, too.
    pub fn postpone(&mut self, until: SimTime) {
        if let Some((at, wake)) = self.next().map(|(at, wake)| (*at, wake.clone())) {
            self.agenda.remove_mut(&at);
            self.schedule(until, wake);
        }
    }

    /// Reconciles done by controllers.
    pub fn reconciles(&self) -> u64 {
        self.manager.reconciles()
    }

    /// The scheduler's latest decision on the Pod at `pod`, with its table of nodes: kept while
    /// the Pod has no node, and for the last Pods that got one.
    pub fn decision(&self, pod: &Key) -> Option<&Rc<Decision>> {
        self.scheduler.decision(pod)
    }

    /// The disk system in which the volume for `claim` is made if its Pod is to run on `node`;
    /// `None` if nobody makes it.
    pub fn disk_system(&self, claim: &PersistentVolumeClaim, node: &Str) -> Option<Str> {
        csi::system_for(self.store(), self.config.storage, claim, node)
    }

    /// Whether `process` runs.
    pub fn is_running(&self, process: Process) -> bool {
        self.inboxes[process as usize].running
    }

    pub(super) fn schedule(&mut self, at: SimTime, wake: Wake) {
        self.sequence += 1;
        self.agenda.insert_mut((at.max(self.now), self.sequence), wake);
    }
}
