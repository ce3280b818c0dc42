//! What one press may cost with 1 000 Pods: work is counted for each call of a session, between
//! two of which the page draws, never timed.
//!
//! Not here: how work grows with the cluster (tests/scale.rs), what drawing costs, seeking (which
//! plays on from a checkpoint, and counts anew from there).

#[path = "bench/machines.rs"]
mod machines;

use machines::cluster;
use playground::api::kinds::Kind;
use playground::cluster::input::Input;
use playground::session::{Action, SLICE, Session};

const PODS: i32 = 1_000;

/// The most that one call may do: wakes, visits, reconciles, writes.
const MOST: [u64; 4] = [60, 10_000, 60, 4_000];

/// What was done since the beginning, in the order of `MOST`.
fn work(session: &Session) -> [u64; 4] {
    let world = session.timeline().world();
    [world.counts.wakes, world.counts.visits, world.reconciles(), world.server.writes()]
}

/// Does it to its end, as the page does, frame by frame; the most of each that one call did.
fn most(session: &mut Session, action: Action) -> [u64; 4] {
    let (mut most, mut next) = ([0; 4], Some(action));
    while let Some(action) = next.take() {
        let before = work(session);
        session.apply(action);
        for (most, (now, then)) in most.iter_mut().zip(work(session).into_iter().zip(before)) {
            // A settle ends where it last saw something, which may be before.
            *most = (*most).max(now.saturating_sub(then));
        }
        next = session.is_busy().then_some(Action::Frame(16));
    }
    most
}

fn many() -> Session {
    Session::new(cluster(10), 0).sliced(SLICE)
}

#[test]
fn t_7_no_press_does_more_than_can_be_drawn_between() {
    let mut session = many();
    let (namespace, name) = ("default".to_string(), "web".to_string());
    let scale = |replicas| {
        let (namespace, name) = (namespace.clone(), name.clone());
        Action::Do(Input::Scale { namespace, name, replicas })
    };
    let parallel = "  podManagementPolicy: Parallel\n  replicas: 2";
    let parallel = session.file().text.replace("  replicas: 2", parallel);
    session.apply(Action::Edit(parallel.as_str().into()));
    session.apply(Action::Reset);
    let typed = |line: &str| Action::Type(line.into());
    let mut pods = Vec::new();
    for (what, action) in [
        ("scale", scale(PODS)),
        ("settle", Action::Settle),
        ("get", typed("kubectl get pods -o wide")),
        ("step", Action::Step),
        ("power off", Action::Do(Input::power("node-3", false))),
        ("settle", Action::Settle),
        ("power on", Action::Do(Input::power("node-3", true))),
        ("settle", Action::Settle),
        ("restart", typed("kubectl rollout restart statefulset web")),
        ("step", Action::Step),
        ("delete", typed("kubectl delete pod web-7 --wait=false")),
        ("step", Action::Step),
        ("scale", scale(1)),
        ("settle", Action::Settle),
    ] {
        let done = most(&mut session, action);
        println!("{what}: wakes, visits, reconciles, writes {done:?}");
        assert!(
            done.iter().zip(MOST).all(|(done, most)| *done <= most),
            "{what}: wakes, visits, reconciles, writes {done:?}"
        );
        pods.push(session.timeline().world().store().count(Kind::Pod));
    }
    assert_eq!((pods[1], pods[13]), (1_000, 1), "the presses did what they say");
}
