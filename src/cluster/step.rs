//! Takes the next entry from the agenda and gives it to whom it concerns. The one place where
//! time moves.

use super::world::{Process, Wake, World};
use crate::api::kinds::Kind;
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::base::Str;
use crate::base::time::{SimTime, Span};
use crate::base::timers::Timers;
use crate::client::ControlPlane;
use crate::client::node_plane::NodePlane;
use crate::controller::Surroundings;
use crate::infra::fault::FaultKind;
use crate::scheduler::Scheduler;
use crate::trace::Source;
use crate::{csi, kubelet, scheduler};
use std::rc::Rc;

impl World {
    /// Takes the next entry that is due at or before `until`; `false` if there is none.
    pub fn take_wake(&mut self, until: SimTime) -> bool {
        let (at, wake) = loop {
            let Some((at, wake)) = self.agenda.first().map(|(at, wake)| (*at, wake.clone())) else {
                return false;
            };
            if at.0 > until {
                return false;
            }
            self.agenda.remove_mut(&at);
            // What nobody waits for any more moves no clock.
            if self.expects(at.0, &wake) {
                break (at, wake);
            }
        };
        self.now = at.0;
        self.counts.wakes += 1;
        match wake {
            Wake::Deliver(process) => self.deliver(process),
            Wake::Controller(wake) => self.wake_controller(wake),
            Wake::Scheduler(wake) => {
                self.with_scheduler(|scheduler, cx, timers| scheduler.wake(cx, wake, timers));
            }
            Wake::Kubelet(wake) => {
                self.with_kubelets(|kubelets, cx, timers| kubelets.wake(cx, wake, timers));
            }
            Wake::Csi(wake) => self.with_csi(|csi, cx, timers| csi.wake(cx, wake, timers)),
        }
        self.announce();
        true
    }

    /// Whether `wake`, due at `at`, still finds something to do.
    pub(super) fn expects(&self, at: SimTime, wake: &Wake) -> bool {
        match wake {
            Wake::Controller(wake) => self.manager.expects(at, wake),
            Wake::Csi(wake) => self.csi.expects(at, wake),
            Wake::Scheduler(wake) => self.scheduler.expects(at, wake),
            Wake::Kubelet(wake) => self.kubelets.expects(at, wake),
            Wake::Deliver(process) => {
                let inbox = &self.inboxes[*process as usize];
                inbox.expected || !inbox.under_way.is_empty()
            }
        }
    }

    /// Takes all entries due at or before `until`, at most `budget` of them, and then lets the
    /// clock show `until`. `false` if the budget ran out first: call again.
    pub fn run_until(&mut self, until: SimTime, budget: u64) -> bool {
        for _ in 0..budget {
            if !self.take_wake(until) {
                self.now = self.now.max(until);
                return true;
            }
        }
        false
    }

    /// Sees to it that every running process hears of what was written.
    pub fn announce(&mut self) {
        self.note();
        let revision = self.server.store.revision();
        let timing = &self.config.timing;
        let (soon, later) = (timing.watch_lag, timing.watch_lag + timing.call);
        for process in Process::ALL {
            let lag = self.infra.faults.delay(FaultKind::Lag, process.component());
            let at = self.now + if process == Process::Kubelets { later } else { soon };
            let inbox = &self.inboxes[process as usize];
            if !inbox.running || inbox.cursor >= revision {
                continue;
            }
            if lag > Span::ZERO {
                self.send_each(process, at + lag);
            } else if !inbox.expected {
                self.inboxes[process as usize].expected = true;
                self.schedule(at, Wake::Deliver(process));
            }
        }
    }

    /// Each change is heard of at `at` by itself, not all with the first of them.
    fn send_each(&mut self, process: Process, at: SimTime) {
        let last = self.inboxes[process as usize].under_way.back();
        let mut store = last.unwrap_or_else(|| self.known(process)).clone();
        let changes: Vec<Rc<Change>> = self.server.log.after(store.revision()).cloned().collect();
        for change in changes {
            store.follow(&change);
            Rc::make_mut(&mut self.inboxes[process as usize].under_way).push_back(store.clone());
            self.schedule(at, Wake::Deliver(process));
        }
    }

    /// What `process` knows.
    fn known(&self, process: Process) -> &Store {
        match process {
            Process::ControllerManager => self.manager.cache(),
            Process::Scheduler => &self.scheduler_cache,
            Process::Kubelets => &self.kubelets_cache,
            Process::Csi => &self.csi_cache,
        }
    }

    /// News reach `process` later or sooner from now on: what is under way arrives soon, and what
    /// is written from now on does not come with it.
    pub(super) fn lag_changed(&mut self, process: Process) {
        let (soon, store) = (self.now + self.config.timing.watch_lag, self.server.store.clone());
        let inbox = &mut self.inboxes[process as usize];
        if !inbox.under_way.is_empty() {
            inbox.under_way = Rc::default();
            inbox.expected = true;
            self.schedule(soon, Wake::Deliver(process));
        } else if inbox.expected {
            inbox.expected = false;
            Rc::make_mut(&mut inbox.under_way).push_back(store);
        }
    }

    fn deliver(&mut self, process: Process) {
        let inbox = &mut self.inboxes[process as usize];
        let late = match inbox.expected {
            true => None,
            false => Rc::make_mut(&mut inbox.under_way).pop_front(),
        };
        // What was under way has arrived with something else.
        if late.is_none() && !inbox.expected {
            return;
        }
        inbox.expected = false;
        let store = late.unwrap_or_else(|| self.server.store.clone());
        let revision = store.revision();
        if !inbox.running || revision <= inbox.cursor {
            return;
        }
        let cursor = std::mem::replace(&mut inbox.cursor, revision);
        let news = self.server.log.after(cursor).filter(|change| change.revision <= revision);
        let changes: Vec<Rc<Change>> = news.cloned().collect();
        let heard = self.inboxes.iter().filter(|inbox| inbox.running).map(|inbox| inbox.cursor);
        self.server.log.trim(heard.min().unwrap_or(revision));
        self.tell(process, &changes, store);
    }

    /// Shows changes to a process, whose cache first moves to `store`.
    pub(super) fn tell(&mut self, process: Process, changes: &[Rc<Change>], store: Store) {
        match process {
            Process::ControllerManager => {
                self.manager.deliver(&store);
                let mut timers = Timers::default();
                for change in changes {
                    self.manager.observe(self.now, change, &mut timers);
                }
                self.drain(timers, Wake::Controller);
            }
            Process::Scheduler => {
                self.scheduler_cache = store;
                self.with_scheduler(|scheduler, cx, timers| {
                    changes.iter().for_each(|change| scheduler.observe(cx, change, timers));
                });
            }
            Process::Kubelets => {
                self.kubelets_cache = store;
                self.with_kubelets(|kubelets, cx, timers| {
                    changes.iter().for_each(|change| kubelets.observe(cx, change, timers));
                });
            }
            Process::Csi => {
                self.csi_cache = store;
                self.with_csi(|csi, cx, timers| {
                    changes.iter().for_each(|change| csi.observe(cx, change, timers));
                });
            }
        }
    }

    /// Every object there is, as changes that add it: what a process sees when it starts.
    pub(super) fn everything(&self) -> Vec<Rc<Change>> {
        let store = &self.server.store;
        let change = |kind: Kind, object: &crate::api::kinds::Object| {
            Rc::new(Change {
                revision: store.revision(),
                kind,
                key: object.key(),
                old: None,
                new: Some(object.clone()),
            })
        };
        let kinds = Kind::ALL.iter();
        kinds.flat_map(|&kind| store.list_objects(kind).map(move |o| change(kind, o))).collect()
    }

    /// Stops a process: it hears nothing and does nothing.
    pub fn stop(&mut self, process: Process) {
        self.inboxes[process as usize].running = false;
        self.agenda = self
            .agenda
            .iter()
            .filter(|(_, wake)| !belongs(wake, process))
            .map(|(at, wake)| (*at, wake.clone()))
            .collect();
        let inbox = &mut self.inboxes[process as usize];
        inbox.expected = false;
        inbox.under_way = Rc::default();
    }

    /// Starts a stopped process with an empty memory.
    pub fn start(&mut self, process: Process) {
        let revision = self.server.store.revision();
        let inbox = &mut self.inboxes[process as usize];
        inbox.running = true;
        inbox.cursor = revision;
        if process == Process::ControllerManager {
            // What it said before may be about what has gone meanwhile.
            self.waits.forget(Source::StatefulSet, Source::GarbageCollector);
            let mut timers = Timers::default();
            self.manager.start(self.now, &self.server.store, &mut timers);
            self.drain(timers, Wake::Controller);
            return;
        }
        if process == Process::Scheduler {
            self.waits.forget(Source::Scheduler, Source::Scheduler);
            self.scheduler = Scheduler::default();
        }
        if process == Process::Csi {
            self.csi = csi::Csi::default();
        }
        let everything = self.everything();
        self.tell(process, &everything, self.server.store.clone());
    }

    fn wake_controller(&mut self, wake: crate::controller::Wake) {
        let mut timers = Timers::default();
        let around = Surroundings {
            now: self.now,
            config: &self.config,
            server: &mut self.server,
            waits: &mut self.waits,
            visits: &mut self.counts.visits,
        };
        self.manager.wake(around, wake, &mut timers);
        self.drain(timers, Wake::Controller);
    }

    fn with_scheduler(
        &mut self,
        act: impl FnOnce(&mut Scheduler, &mut ControlPlane<'_>, &mut Timers<scheduler::Wake>),
    ) {
        let mut timers = Timers::default();
        let mut cx = ControlPlane {
            now: self.now,
            config: &self.config,
            cache: self.scheduler_cache.clone(),
            server: &mut self.server,
            recorder: &mut self.scheduler_recorder,
            waits: &mut self.waits,
            visits: &mut self.counts.visits,
        };
        act(&mut self.scheduler, &mut cx, &mut timers);
        self.drain(timers, Wake::Scheduler);
    }

    pub(super) fn with_kubelets(
        &mut self,
        act: impl FnOnce(&mut kubelet::Kubelets, &mut NodePlane<'_>, &mut Timers<kubelet::Wake>),
    ) {
        let mut timers = Timers::default();
        let mut kubelets = std::mem::take(&mut self.kubelets);
        act(&mut kubelets, &mut self.node_plane(self.kubelets_cache.clone()), &mut timers);
        self.kubelets = kubelets;
        self.drain(timers, Wake::Kubelet);
    }

    pub(super) fn with_csi(
        &mut self,
        act: impl FnOnce(&mut csi::Csi, &mut NodePlane<'_>, &mut Timers<csi::Wake>),
    ) {
        let mut timers = Timers::default();
        let mut csi = std::mem::take(&mut self.csi);
        act(&mut csi, &mut self.node_plane(self.csi_cache.clone()), &mut timers);
        self.csi = csi;
        self.drain(timers, Wake::Csi);
    }

    /// What a component works with that lives on machines and knows what `cache` holds.
    fn node_plane(&mut self, cache: Store) -> NodePlane<'_> {
        NodePlane {
            now: self.now,
            config: &self.config,
            cache,
            server: &mut self.server,
            infra: &mut self.infra,
            recorders: &mut self.recorders,
            prng: &mut self.node_prng,
            waits: &mut self.waits,
            visits: &mut self.counts.visits,
        }
    }

    fn drain<W>(&mut self, mut timers: Timers<W>, wrap: impl Fn(W) -> Wake) {
        for (at, wake) in timers.drain() {
            self.schedule(at, wrap(wake));
        }
    }

    /// Power or network of `node` has changed: its kubelet notices at once, or is no more.
    pub(super) fn machine_changed(&mut self, node: &Str) {
        self.with_kubelets(|kubelets, cx, timers| kubelets.machine_changed(cx, node, timers));
    }
}

fn belongs(wake: &Wake, process: Process) -> bool {
    match wake {
        Wake::Deliver(to) => *to == process,
        Wake::Controller(_) => process == Process::ControllerManager,
        Wake::Scheduler(_) => process == Process::Scheduler,
        Wake::Kubelet(_) => process == Process::Kubelets,
        Wake::Csi(_) => process == Process::Csi,
    }
}
