//! The StatefulSet controller: what it writes and in which order, against recordings of
//! Kubernetes 1.36.2; what must hold after every step, whatever the policy; and how much it
//! looks at.

#[path = "statefulset/belonging.rs"]
mod belonging;
#[path = "statefulset/bench.rs"]
mod bench;
#[path = "statefulset/budgets.rs"]
mod budgets;
#[path = "statefulset/cases.rs"]
mod cases;
#[path = "statefulset/counts.rs"]
mod counts;
#[path = "statefulset/matrix.rs"]
mod matrix;
#[path = "statefulset/rosters.rs"]
mod rosters;
