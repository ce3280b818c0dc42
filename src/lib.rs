//! A deterministic Kubernetes cluster as a value; the page is one of its users.
//!
//! # In five sentences
//!
//! 1. A `World` is plain data: API objects, machines, queues, clock, chance. A clone costs a few
//!    pointers.
//! 2. It changes only by taking the next entry from its agenda, or by an `Input` from outside;
//!    both are deterministic.
//! 3. Components meet only in two places: the API server (what is *said*) and the
//!    infrastructure (what *is*). What a StatefulSet has to teach lies in the gap between them.
//! 4. A controller is a policy over a cache that may be stale, plus calls to the API; each time
//!    it waits it says for whom and why, as data (`trace`).
//! 5. Everything a person sees is a function of the `World` and of the film of its past.
//!
//! # The way of a deed
//!
//! A press of a button becomes a `session::Action`, and if it concerns the cluster a
//! `cluster::input::Input`, which the `timeline` appends to its journal. The input writes to
//! the API server or changes a machine. The write gets a revision and an entry in the watch
//! log; a little later (`Timing::watch_lag`) each process whose cursor lies behind is told:
//! its cache moves on and its components are shown the changes. They ask to be woken, the
//! agenda wakes them, they write again, until nothing is due any more. After each wake the
//! film notes what a person could have seen, and `view` turns the world and the film into the
//! plain structs that `ui` draws.
//!
//! # Time
//!
//! Time is simulated milliseconds. There are no ticks: a loop that comes by every few seconds
//! asks to be woken only when it would find something to do, at the instant its rhythm brings
//! it by; a node that lives renews its lease without writing (`LeaseSpec::renewing`). So a
//! cluster at rest has an empty agenda, and *settled* is exact; with CronJobs it is at rest when
//! only their times are still to come. A step ends when nothing has
//! happened for a moment (`timeline::film::REACTION`): single writes of one reaction follow
//! each other within milliseconds, and nobody could tell them apart.
//!
//! # What is not here, and is held by `tests/tidy.rs`
//!
//! - Nothing below `ui` knows a browser: without the feature `web` those crates are not linked.
//! - Controllers and the scheduler never see `infra`: their context does not carry it.
//! - Components never name each other.
//! - No wall clock, no floats, no hash-map order, no threads, no interior mutability, no chance
//!   but named forks of one seed.
//! - No full list of Pods in a reconcile: `apiserver::store` keeps indexes and rosters.
//!
//! # Where to look
//!
//! The modules below stand in reading order, each layer above what it uses.

/// Time, chance, names, text, maps.
pub mod base;

/// What a cluster is made of, how long things take, the flags.
pub mod config;

/// What objects are.
pub mod api;

/// Why something waits.
pub mod trace;

/// What is said.
pub mod apiserver;

/// How components see what is said.
pub mod client;

/// What is.
pub mod infra;

/// kube-controller-manager.
pub mod controller;

/// kube-scheduler.
pub mod scheduler;

/// The kubelets.
pub mod kubelet;

/// The storage drivers.
pub mod csi;

/// All of it together.
pub mod cluster;

/// Journal, checkpoints, film.
pub mod timeline;

/// Waits in sentences.
pub mod explain;

/// Tables as kubectl prints them.
pub mod kubectl;

/// A small shell around kubectl.
pub mod shell;

/// What one person does here.
pub mod session;

/// What a person sees, as data.
pub mod view;

/// The page.
#[cfg(feature = "web")]
pub mod ui;
