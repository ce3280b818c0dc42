//! Work is counted, not timed: per Pod it must grow neither with the number of Pods nor with the
//! number of nodes.

#[path = "bench/job.rs"]
#[allow(dead_code)]
mod job;

use job::{Counts, Job, Order};

fn run(order: Order, replicas: u32, nodes: u32) -> [(&'static str, u64); 4] {
    let mut job = Job::cluster(nodes);
    job.apply(order, replicas);
    while !job.step(100_000) {}
    let Counts { pods_ready, wakes, reconciles, writes, visits } = job.counts();
    assert_eq!(pods_ready, u64::from(replicas), "all of them become Ready");
    [("wakes", wakes), ("reconciles", reconciles), ("writes", writes), ("visits", visits)]
}

/// Ten times the Pods on ten times the nodes are at most ten times the work, and a tenth.
fn grows_linearly(order: Order) {
    let (small, large) = (run(order, 1_000, 10), run(order, 10_000, 100));
    for ((what, few), (_, many)) in small.into_iter().zip(large) {
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

/// A hundred times the nodes are at most twice the work.
#[test]
fn nodes_without_pods_cost_little() {
    for order in [Order::Parallel, Order::OrderedReady] {
        let (few, many) = (run(order, 1_000, 10), run(order, 1_000, 1_000));
        for ((what, on_ten), (_, on_thousand)) in few.into_iter().zip(many) {
            assert!(on_thousand <= on_ten * 2, "{what}: {on_ten} on 10, {on_thousand} on 1 000");
        }
    }
}
