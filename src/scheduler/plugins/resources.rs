//! Whether what the Pod asks for is free on the node, and how well it would use the node.
//!
//! Scores are upstream's: LeastAllocated is integer arithmetic there as well; for the balance
//! of CPU and memory upstream uses floats, whose rounding can make 1 of 100 points less where
//! the exact value is a whole number.
//!
//! Upstream: pkg/scheduler/framework/plugins/noderesources/{fit,least_allocated,
//! balanced_allocation,resource_allocation}.go

use super::{MAX_SCORE, Plugin, Rejection};
use crate::scheduler::amounts::Amounts;
use crate::scheduler::nodes::{NodeInfo, PodInfo};
use std::borrow::Cow;

/// Whether the amounts are free. What the node could not even give when empty is beyond help.
pub fn filter(wanted: &Amounts, node: &NodeInfo) -> Result<(), Rejection> {
    let (has, used) = (&node.allocatable, &node.requested);
    let mut reasons: Vec<Cow<'static, str>> = Vec::new();
    let mut unresolvable = false;
    if node.pods.size() as i64 + 1 > has.pods {
        reasons.push("Too many pods".into());
    }
    let mut check = |wanted: i64, used: i64, has: i64, reason: Cow<'static, str>| {
        if wanted > 0 && wanted > has.saturating_sub(used) {
            reasons.push(reason);
            unresolvable |= wanted > has;
        }
    };
    check(wanted.cpu, used.cpu, has.cpu, "Insufficient cpu".into());
    check(wanted.memory, used.memory, has.memory, "Insufficient memory".into());
    let disk = "Insufficient ephemeral-storage".into();
    check(wanted.ephemeral, used.ephemeral, has.ephemeral, disk);
    for (name, amount) in &wanted.others {
        let reason = format!("Insufficient {name}").into();
        check(*amount, used.other(name), has.other(name), reason);
    }
    if reasons.is_empty() {
        return Ok(());
    }
    Err(Rejection { plugin: Plugin::NodeResourcesFit, unresolvable, reasons, full: None })
}

/// Whether the node could give the amounts if it were empty.
pub fn could_fit(wanted: &Amounts, has: &Amounts) -> bool {
    let enough = |wanted: i64, has: i64| wanted <= has;
    has.pods > 0
        && enough(wanted.cpu, has.cpu)
        && enough(wanted.memory, has.memory)
        && enough(wanted.ephemeral, has.ephemeral)
        && wanted.others.iter().all(|(name, n)| enough(*n, has.other(name)))
}

/// The emptier the node would be, the better.
pub fn least_allocated(pod: &PodInfo, node: &NodeInfo) -> i64 {
    let one = |wanted: i64, has: i64| match wanted {
        _ if has == 0 => None,
        _ if wanted > has => Some(0),
        _ => Some((i128::from(has - wanted) * i128::from(MAX_SCORE) / i128::from(has)) as i64),
    };
    let has = &node.allocatable;
    let cpu = one(node.nonzero.0 + pod.nonzero.0, has.cpu);
    let memory = one(node.nonzero.1 + pod.nonzero.1, has.memory);
    match (cpu, memory) {
        (Some(cpu), Some(memory)) => (cpu + memory) / 2,
        (Some(score), None) | (None, Some(score)) => score,
        (None, None) => 0,
    }
}

/// The more alike the used parts of CPU and memory would be, the better.
pub fn balanced(wanted: &Amounts, node: &NodeInfo) -> i64 {
    let has = &node.allocatable;
    if has.cpu == 0 || has.memory == 0 {
        return MAX_SCORE;
    }
    let cpu = i128::from((node.requested.cpu + wanted.cpu).clamp(0, has.cpu));
    let memory = i128::from((node.requested.memory + wanted.memory).clamp(0, has.memory));
    let (cpus, bytes) = (i128::from(has.cpu), i128::from(has.memory));
    // 100 * (1 - |cpu/cpus - memory/bytes| / 2), rounded down.
    let whole = cpus * bytes * 2;
    let apart = (cpu * bytes - memory * cpus).abs();
    ((whole - apart) * i128::from(MAX_SCORE) / whole) as i64
}
