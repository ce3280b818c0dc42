//! kubectl at a server or a cluster that stands alone, for tests.
#![allow(dead_code)] // each test uses what it needs

use playground::apiserver::{Answer, ApiServer};
use playground::base::time::{SimTime, Span};
use playground::client::request::{Answered, Request};
use playground::cluster::world::World;
use playground::kubectl::running::{self, Context, Files, Hub, Settings, Stream};

/// A cluster as kubectl reaches it.
pub struct Wire<'w>(pub &'w mut World);

impl Hub for Wire<'_> {
    fn now(&self) -> SimTime {
        self.0.now
    }

    fn server(&self) -> &ApiServer {
        &self.0.server
    }

    fn send(&mut self, request: &Request) -> Answer<Answered> {
        self.0.request(|server, now| request.send(server, now))
    }
}

/// A server alone, at one moment.
pub struct Bare<'s>(pub SimTime, pub &'s mut ApiServer);

impl Hub for Bare<'_> {
    fn now(&self) -> SimTime {
        self.0
    }

    fn server(&self) -> &ApiServer {
        self.1
    }

    fn send(&mut self, request: &Request) -> Answer<Answered> {
        request.send(self.1, self.0)
    }
}

/// The words of a line after `kubectl`.
pub fn words(line: &str) -> Vec<String> {
    let words = shlex::split(line).expect("the quotes of the line are closed");
    words[1.min(words.len())..].to_vec()
}

/// Standard output, then standard error, of a command as far as it comes at once.
pub fn said(hub: &mut dyn Hub, files: &Files, line: &str) -> String {
    let mut settings = Settings::default();
    let mut cx = Context { hub, files, settings: &mut settings, pace: Span::ZERO };
    let poll = running::start(&words(line), String::new()).poll(&mut cx);
    let of = |stream: Stream| -> String {
        let own = poll.chunks.iter().filter(|chunk| chunk.stream == stream);
        own.map(|chunk| chunk.text.as_str()).collect()
    };
    of(Stream::Out) + &of(Stream::Err)
}
