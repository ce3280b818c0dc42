//! Work is counted, not timed: per Pod it must not grow with the number of Pods.
//!
//! The number of nodes is the same in both runs, since kube-scheduler looks at every node of a
//! cluster of up to a hundred for each Pod, and so does ours: that grows with the nodes.

#[path = "bench/job.rs"]
#[allow(dead_code)]
mod job;

use job::{Counts, Job, Order};

const NODES: u32 = 100;

fn run(order: Order, replicas: u32) -> Counts {
    let mut job = Job::new(order, replicas, NODES);
    while !job.step(100_000) {}
    let counts = job.counts();
    assert_eq!(counts.pods_ready, u64::from(replicas), "all of them become Ready");
    counts
}

/// Ten times the Pods are at most ten times the work, and a tenth.
fn grows_linearly(order: Order) {
    let (small, large) = (run(order, 1_000), run(order, 10_000));
    let each = |counts: Counts| [counts.wakes, counts.reconciles, counts.writes, counts.visits];
    for ((few, many), what) in
        each(small).into_iter().zip(each(large)).zip(["wakes", "reconciles", "writes", "visits"])
    {
        assert!(many <= few * 11, "{what}: {few} for 1 000 Pods, {many} for 10 000");
    }
}

#[test]
fn parallel_pods_cost_the_same_each() {
    grows_linearly(Order::Parallel);
}

#[test]
fn ordered_pods_cost_the_same_each() {
    grows_linearly(Order::OrderedReady);
}
