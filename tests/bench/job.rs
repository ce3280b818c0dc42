//! The job that is measured: J(R) is a StatefulSet of R replicas with a headless Service on
//! max(10, R / 100) nodes, or on so many as are named, from apply to all Ready, with checkpoints
//! and film on. The cluster has come to rest before.

#[path = "machines.rs"]
mod machines;

use playground::cluster::input::Input;
use playground::timeline::{Progress, Timeline};

/// The set's `podManagementPolicy`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    Parallel,
    OrderedReady,
}

/// What was done, whole run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub pods_ready: u64,
    pub wakes: u64,
    pub reconciles: u64,
    pub writes: u64,
    pub visits: u64,
}

impl Counts {
    /// The order of `list`, also known to run.mjs.
    #[cfg(target_arch = "wasm32")]
    pub fn list(&self) -> [u64; 5] {
        [self.pods_ready, self.wakes, self.reconciles, self.writes, self.visits]
    }
}

/// One run in progress.
pub struct Job {
    timeline: Timeline,
    before: Counts,
}

impl Job {
    /// A cluster of so many nodes that has come to rest.
    pub fn cluster(nodes: u32) -> Self {
        let timeline = Timeline::new(machines::cluster(nodes), Vec::new());
        let mut job = Job { timeline, before: Counts::default() };
        while !job.step(u32::MAX) {}
        job.before = job.counts();
        job
    }

    /// Applies the set; nothing else has happened yet.
    pub fn apply(&mut self, order: Order, replicas: u32) {
        let outcome = self.timeline.act(Input::Apply { text: manifest(order, replicas).into() });
        assert!(!outcome.refused, "{:?}", outcome.lines);
    }

    /// Takes up to `budget` agenda entries; true when nothing is left to do.
    pub fn step(&mut self, budget: u32) -> bool {
        let limit = playground::base::time::SimTime(u64::MAX);
        self.timeline.settle(limit, u64::from(budget)) == Progress::Done
    }

    /// The counts since the cluster came to rest.
    pub fn counts(&self) -> Counts {
        let (world, before) = (self.timeline.world(), &self.before);
        let sets = world.store().list::<playground::api::apps::stateful_set::StatefulSet>();
        Counts {
            pods_ready: sets.map(|set| set.status.ready_replicas as u64).sum(),
            wakes: world.counts.wakes - before.wakes,
            reconciles: world.reconciles() - before.reconciles,
            writes: world.server.writes() - before.writes,
            visits: world.counts.visits - before.visits,
        }
    }

    /// Ends the history: only the cluster as it is now remains.
    pub fn forget_history(self) -> playground::cluster::world::World {
        self.timeline.world().clone()
    }
}

fn manifest(order: Order, replicas: u32) -> String {
    format!(
        "apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  clusterIP: None
  selector:
    app: web
  ports:
  - name: http
    port: 80
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: web
spec:
  serviceName: web
  replicas: {replicas}
  podManagementPolicy: {order:?}
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - name: nginx
        image: registry.k8s.io/nginx-slim:0.27
        ports:
        - containerPort: 80
          name: http
"
    )
}
