//! Disks by themselves: what can be attached and mounted, and what becomes of the data.

use playground::api::meta::Uid;
use playground::base::Str;
use playground::base::time::SimTime;
use playground::infra::Infra;
use playground::infra::disk::{Disk, Reach};
use playground::infra::disks::MountRefusal;

const OLD: Uid = Uid(1);
const NEW: Uid = Uid(2);

fn at(seconds: u64) -> SimTime {
    SimTime(seconds * 1000)
}

fn with(reach: Reach, attachable: bool) -> Infra {
    let mut infra = Infra::default();
    infra.create_disk(Disk::new("d".into(), reach, 1 << 30, attachable));
    infra
}

fn stamp(infra: &Infra, seconds: u64) -> (u64, String) {
    let stamp = infra.disks.get("d").expect("it is there").stamp(at(seconds));
    (stamp.writes, stamp.checksum.to_string())
}

fn nodes() -> (Str, Str) {
    ("node-a".into(), "node-b".into())
}

#[test]
fn data_moves_with_the_disk() {
    let (a, b) = nodes();
    let mut infra = with(Reach::Anywhere, true);
    assert_eq!(infra.mount("d", &a, OLD), Err(MountRefusal::NotAttached));
    assert_eq!(infra.attach("d", &a), Ok(()));
    assert_eq!(infra.mount("d", &a, OLD), Ok(()));
    infra.start_writing(at(10), "d", OLD);
    assert_eq!(stamp(&infra, 10), (0, "0000".into()));
    let before = stamp(&infra, 52);
    assert_eq!(before.0, 42);
    infra.stop_writing(at(52), "d", OLD);
    infra.unmount(at(53), "d", OLD);
    assert_eq!(infra.detach(at(54), "d", &a), Ok(()));
    assert_eq!(stamp(&infra, 100), before, "nobody writes, nothing changes");
    assert_eq!(infra.attach("d", &b), Ok(()));
    assert_eq!(infra.mount("d", &b, NEW), Ok(()));
    infra.start_writing(at(100), "d", NEW);
    assert_eq!(stamp(&infra, 100), before, "the successor goes on from there");
    assert_eq!(stamp(&infra, 103).0, 45);
    let disk = infra.disks.get("d").expect("it is there");
    assert_eq!(disk.torn, None);
    let first = disk.chapters.first().expect("the first Pod wrote");
    assert_eq!((first.pod, first.writes, first.checksum.to_string()), (OLD, 42, before.1));
}

#[test]
fn the_checksum_tells_histories_apart() {
    let history = |lengths: [u64; 2]| {
        let (a, _) = nodes();
        let mut infra = with(Reach::Anywhere, false);
        let mut now = 0;
        for (pod, length) in [OLD, NEW].into_iter().zip(lengths) {
            assert_eq!(infra.mount("d", &a, pod), Ok(()));
            infra.start_writing(at(now), "d", pod);
            now += length;
            infra.unmount(at(now), "d", pod);
        }
        stamp(&infra, now)
    };
    assert_eq!(history([5, 7]), history([5, 7]));
    assert_ne!(history([5, 7]).1, history([7, 5]).1);
    assert_eq!(history([5, 7]).0, 12);
}

#[test]
fn a_disk_taken_away_is_written_no_more() {
    let (a, b) = nodes();
    let mut infra = with(Reach::Anywhere, true);
    assert_eq!(infra.attach("d", &a), Ok(()));
    assert_eq!(infra.mount("d", &a, OLD), Ok(()));
    infra.start_writing(at(0), "d", OLD);
    let refusal = infra.attach("d", &b).expect_err("it is attached elsewhere");
    let text = "rpc error: code = FailedPrecondition desc = volume d is published at another \
                node: node-a";
    assert_eq!(&*refusal, text);
    // The old process runs on behind a broken network while the disk is given to another.
    assert_eq!(infra.detach(at(5), "d", &a), Ok(()));
    assert_eq!(infra.attach("d", &b), Ok(()));
    assert_eq!(infra.mount("d", &b, NEW), Ok(()));
    infra.start_writing(at(6), "d", NEW);
    assert_eq!(stamp(&infra, 9).0, 5 + 3);
    let disk = infra.disks.get("d").expect("it is there");
    assert!(disk.mounts.get(&OLD).is_some_and(|mount| mount.fenced));
    assert_eq!(disk.torn, None);
}

#[test]
fn two_writers_on_two_machines_are_noted() {
    let (a, b) = nodes();
    let mut infra = with(Reach::Anywhere, false);
    for (node, pod) in [(&a, OLD), (&b, NEW)] {
        assert_eq!(infra.mount("d", node, pod), Ok(()));
        infra.start_writing(at(pod.0 as u64), "d", pod);
    }
    let torn = infra.disks.get("d").and_then(|disk| disk.torn.clone()).expect("both write");
    assert_eq!((torn.at, torn.first, torn.second), (at(2), OLD, NEW));
    let mut shared = with(Reach::Shared, false);
    for (node, pod) in [(&a, OLD), (&b, NEW)] {
        assert_eq!(shared.mount("d", node, pod), Ok(()));
        shared.start_writing(at(0), "d", pod);
    }
    assert_eq!(shared.disks.get("d").and_then(|disk| disk.torn.clone()), None);
    assert_eq!(stamp(&shared, 10).0, 20);
}

#[test]
fn a_disk_in_a_machine_is_lost_with_it() {
    let (a, b) = nodes();
    let mut infra = with(Reach::Local(a.clone()), false);
    assert_eq!(infra.mount("d", &b, OLD), Err(MountRefusal::OutOfReach));
    assert_eq!(infra.mount("d", &a, OLD), Ok(()));
    infra.start_writing(at(0), "d", OLD);
    infra.drop_mounts_on(at(4), "node-a");
    assert_eq!(stamp(&infra, 9).0, 4, "a power cut stops the writing, the data stays");
    infra.drop_disks_in("node-a");
    assert_eq!(infra.mount("d", &a, OLD), Err(MountRefusal::NoDisk));
}
