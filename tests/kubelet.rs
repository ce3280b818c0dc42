//! Kubelets: what they write of their Pods and Nodes, and when, with Pods given nodes by hand.
//! The sequences are those of the recordings of a real control plane (s01, s05a, s06a, s07a,
//! s14e) where a recording has them.

#[path = "kubelet/film.rs"]
mod film;

use film::{Film, recorded};
use playground::base::time::Span;
use playground::config::Config;
use serde_json::json;

#[test]
fn runs_and_stops() {
    let mut film = Film::new(recorded());
    film.pod("web-0", "node-1", json!({}));
    film.to(100);
    film.waits();
    film.to(5_000);
    film.processes();
    assert_eq!(film.world.next_due(), None);
    film.delete("web-0", None);
    film.to(5_100);
    film.waits();
    film.to(10_000);
    film.processes();
    assert_eq!(film.world.next_due(), None);
    film.check("runs_and_stops");
}

#[test]
fn pulls_its_image_once() {
    let mut film = Film::new(Config::default());
    film.pod("web-0", "node-a", json!({}));
    film.to(1_000);
    film.waits();
    film.to(10_000);
    film.pod("web-1", "node-a", json!({}));
    film.to(20_000);
    film.check("pulls_its_image_once");
}

#[test]
fn power_goes_and_returns() {
    let mut film = Film::new(recorded());
    film.pod("web-0", "node-1", json!({}));
    film.pod("web-1", "node-1", json!({}));
    film.to(5_000);
    film.power("node-1", false);
    film.processes();
    film.to(6_000);
    film.delete("web-1", None);
    film.to(20_000);
    film.power("node-1", true);
    film.to(60_000);
    film.processes();
    assert_eq!(film.world.next_due(), None);
    film.check("power_goes_and_returns");
}

#[test]
fn network_goes_and_returns() {
    let mut config = recorded();
    config.timing.container_stop = Span::millis(800);
    let mut film = Film::new(config);
    film.pod("web-0", "node-1", json!({}));
    film.pod("web-1", "node-1", json!({}));
    film.pod("web-2", "node-1", json!({}));
    film.to(5_000);
    film.network("node-1", false);
    film.to(6_000);
    film.delete("web-1", None);
    film.delete("web-2", Some(0));
    film.to(70_000);
    film.processes();
    film.network("node-1", true);
    film.to(90_000);
    film.processes();
    film.check("network_goes_and_returns");
}
