//! How much the controller looks at: a Pod of three thousand must cost what one of three hundred
//! costs. (Ten thousand: see the bench.)

use crate::bench::{Bench, web};
use playground::api::kinds::Kind;
use playground::base::time::Span;
use playground::config::Config;
use serde_json::json;

#[derive(Debug)]
struct Work {
    visits: u64,
    reconciles: u64,
    writes: u64,
}

/// Brings a set of `replicas` to Ready, updates all of it if `update`, and scales it to nothing.
fn life(order: &str, replicas: i32, claims: &str) -> Work {
    let mut bench = Bench::new(Config::default());
    bench.recording = false;
    let spec = json!({"podManagementPolicy": order, "minReadySeconds": 1,
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": claims, "whenScaled": claims}});
    bench.create(Kind::StatefulSet, &web(replicas, &spec));
    bench.settle();
    for ordinal in 0..replicas {
        let name = format!("web-{ordinal}");
        bench.step(&name);
        bench.settle();
        bench.step(&name);
        bench.settle();
        if order == "OrderedReady" {
            bench.advance(Span::seconds(2));
        }
    }
    bench.advance(Span::seconds(4));
    assert_eq!(bench.set().status.available_replicas, replicas);
    bench.scale(0);
    bench.settle();
    for ordinal in (0..replicas).rev() {
        bench.step(&format!("web-{ordinal}"));
        bench.settle();
    }
    assert_eq!(bench.set().status.replicas, 0);
    let writes = bench.server.writes();
    Work { visits: bench.visits, reconciles: bench.reconciles, writes }
}

fn flat(order: &str, claims: &str) {
    let (small, large) = (life(order, 300, claims), life(order, 3000, claims));
    println!("{order} {claims}: 300 {small:?}, 3 000 {large:?}");
    for (name, few, many) in [
        ("visits", small.visits, large.visits),
        ("reconciles", small.reconciles, large.reconciles),
        ("writes", small.writes, large.writes),
    ] {
        assert!(many <= few * 11, "{order}: {name} grew from {few} to {many}");
    }
}

#[test]
fn ordered_work_grows_with_the_number_of_pods_and_no_faster() {
    flat("OrderedReady", "Retain");
}

#[test]
fn parallel_work_grows_with_the_number_of_pods_and_no_faster() {
    flat("Parallel", "Delete");
}
