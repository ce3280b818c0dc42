//! The benchmark runner: one job at several sizes, natively here and, through the exported
//! functions at the bottom, as wasm under node (run.mjs). Figures are printed, never asserted;
//! counts that must not grow are asserted in ordinary tests.
//!
//! Usage: `./dev bench [SIZE…]`, for instance `./dev bench 100 1000`.
#![allow(missing_docs)]

#[cfg(not(target_arch = "wasm32"))]
mod clock;
mod heap;
mod job;

#[cfg(not(target_arch = "wasm32"))]
use job::Counts;
use job::{Job, Order};
#[cfg(not(target_arch = "wasm32"))]
use std::fmt::Write as _;

/// Sizes when none are named.
#[cfg(not(target_arch = "wasm32"))]
const SIZES: [u32; 4] = [10, 100, 1_000, 10_000];

/// Runs per size; the median CPU time is printed.
#[cfg(not(target_arch = "wasm32"))]
const RUNS: usize = 5;

/// Agenda entries per call of `Job::step`: many short calls, as the page makes them.
const BUDGET: u32 = 1_000;

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    // `cargo bench` adds `--bench`; whatever is no number is not ours.
    let mut sizes: Vec<u32> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    if sizes.is_empty() {
        sizes.extend(SIZES);
    }
    println!("{}", HEADER);
    for order in [Order::Parallel, Order::OrderedReady] {
        for &replicas in &sizes {
            run(order, replicas, (replicas / 100).max(10));
        }
    }
    println!("\nJ(1000), Parallel, on more and more nodes");
    let times = [10, 100, 1_000].map(|nodes| run(Order::Parallel, 1_000, nodes));
    let ratio = times[2] as f64 / times[0].max(1) as f64;
    println!("J(1000) on 1 000 nodes takes {ratio:.2} times what it takes on 10; at most 2");
}

#[cfg(not(target_arch = "wasm32"))]
fn run(order: Order, replicas: u32, nodes: u32) -> u64 {
    let mut times = Vec::new();
    let mut report = None;
    for _ in 0..RUNS {
        let live = heap::live();
        let mut job = Job::cluster(nodes);
        let start = clock::cpu_ns();
        job.apply(order, replicas);
        while !job.step(BUDGET) {}
        times.push(clock::cpu_ns().saturating_sub(start));
        let (counts, whole) = (job.counts(), heap::live());
        let world = job.forget_history();
        let history = whole.saturating_sub(heap::live());
        report = Some((counts, heap::live().saturating_sub(live), history));
        drop(world);
    }
    times.sort_unstable();
    let Some((counts, bytes, history)) = report else {
        return 0;
    };
    println!("{}", row(order, replicas, times[RUNS / 2], &counts, [bytes, history]));
    times[RUNS / 2]
}

/// The columns of `row`.
#[cfg(not(target_arch = "wasm32"))]
const HEADER: &str = "policy            R   CPU ms    pods/s  wakes/pod  reconciles/pod  \
                          writes/pod  visits/pod  bytes/pod  history B/wake";

/// One line of the table. `cpu_ns` is the median CPU time, `bytes` what the cluster keeps alive at
/// the end and what its history adds to that.
#[cfg(not(target_arch = "wasm32"))]
fn row(order: Order, replicas: u32, cpu_ns: u64, counts: &Counts, bytes: [u64; 2]) -> String {
    let pods = f64::from(replicas.max(1));
    let per_pod = |n: u64| n as f64 / pods;
    let mut line = String::new();
    let policy = format!("{order:?}");
    let _ = write!(line, "{policy:<12} {replicas:>6} {:>8.1}", cpu_ns as f64 / 1e6);
    let _ = write!(line, " {:>9.0}", counts.pods_ready as f64 * 1e9 / cpu_ns.max(1) as f64);
    let _ = write!(line, " {:>10.1} {:>15.1}", per_pod(counts.wakes), per_pod(counts.reconciles));
    let _ = write!(line, " {:>11.1} {:>11.1}", per_pod(counts.writes), per_pod(counts.visits));
    let history = bytes[1] as f64 / counts.wakes.max(1) as f64;
    let _ = write!(line, " {:>10.0} {history:>15.0}", per_pod(bytes[0]));
    line
}

#[cfg(target_arch = "wasm32")]
fn main() {}

/// What run.mjs calls: plain numbers in and out, so that no bindings are needed.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code)]
mod exports {
    use super::{BUDGET, Job, Order, heap};
    use playground::cluster::world::World;
    use std::cell::RefCell;

    thread_local! {
        static JOB: RefCell<Option<Job>> = const { RefCell::new(None) };
        static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
    }

    /// Grows the heap once and gives it back: node charges dearly for each small growth.
    #[unsafe(no_mangle)]
    pub extern "C" fn reserve(bytes: u32) {
        let room: Vec<u8> = Vec::with_capacity(bytes as usize);
        std::hint::black_box(&room);
    }

    /// Starts a job; `order` 0 is Parallel, else OrderedReady.
    #[unsafe(no_mangle)]
    pub extern "C" fn start(order: u32, replicas: u32) {
        let order = if order == 0 { Order::Parallel } else { Order::OrderedReady };
        let mut job = Job::cluster((replicas / 100).max(10));
        job.apply(order, replicas);
        JOB.set(Some(job));
    }

    /// One slice of work; 1 when the job is done.
    #[unsafe(no_mangle)]
    pub extern "C" fn step() -> u32 {
        JOB.with_borrow_mut(|job| job.as_mut().is_none_or(|job| job.step(BUDGET)).into())
    }

    /// Number `index` of the job's counts, in the order of `Counts::FIELDS`.
    #[unsafe(no_mangle)]
    pub extern "C" fn count(index: u32) -> f64 {
        JOB.with_borrow(|job| {
            let counts = job.as_ref().map(|job| job.counts().list());
            counts.and_then(|list| list.get(index as usize).copied()).unwrap_or(0) as f64
        })
    }

    /// Ends the job's history; the cluster as it is now remains until `finish`.
    #[unsafe(no_mangle)]
    pub extern "C" fn forget() {
        JOB.with_borrow_mut(|job| {
            if let Some(job) = job.take() {
                WORLD.with_borrow_mut(|world| *world = Some(job.forget_history()));
            }
        });
    }

    /// Bytes alive on the heap now.
    #[unsafe(no_mangle)]
    pub extern "C" fn live() -> f64 {
        heap::live() as f64
    }

    /// Drops the job.
    #[unsafe(no_mangle)]
    pub extern "C" fn finish() {
        JOB.with_borrow_mut(|job| *job = None);
        WORLD.with_borrow_mut(|world| *world = None);
    }
}
