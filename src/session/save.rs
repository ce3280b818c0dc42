//! A session as text, so that a reload loses nothing: the manifests as they stand in the
//! editor, everything that was done, and the moment looked at.

use super::{Action, File, Session};
use crate::base::Str;
use crate::base::time::SimTime;
use crate::config::Config;
use crate::timeline::{Entry, Timeline};
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// The version of the format; another one is not read.
const VERSION: u32 = 2;

#[derive(Serialize, Deserialize)]
struct Saved {
    version: u32,
    seed: u64,
    now: u64,
    current: usize,
    speed: u32,
    files: Vec<SavedFile>,
    journal: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct SavedFile {
    name: Str,
    text: Str,
    applied: Option<Str>,
}

impl Session {
    /// The session as text.
    pub fn save(&self) -> String {
        let file = |file: &File| SavedFile {
            name: file.name.clone(),
            text: file.text.clone(),
            applied: file.applied.clone(),
        };
        let saved = Saved {
            version: VERSION,
            seed: self.timeline.world().config.seed,
            now: self.timeline.now().0,
            current: self.current,
            speed: self.speed,
            files: self.files.iter().map(file).collect(),
            journal: self.timeline.journal().to_vec(),
        };
        serde_json::to_string(&saved).unwrap_or_default()
    }

    /// The session that `save` wrote. An error says why the text is none.
    pub fn load(text: &str) -> Result<Session, String> {
        let saved: Saved = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if saved.version != VERSION {
            return Err(format!("version {} is not {VERSION}", saved.version));
        }
        if saved.files.is_empty() {
            return Err("there is no file in it".to_string());
        }
        let config = Config { seed: saved.seed, ..Config::default() };
        let file =
            |file: SavedFile| File { name: file.name, text: file.text, applied: file.applied };
        let mut session = Session::default();
        session.timeline = Rc::new(Timeline::new(config, saved.journal));
        session.files = Rc::new(saved.files.into_iter().map(file).collect());
        session.current = saved.current.min(session.files.len() - 1);
        session.report = None;
        session.apply(Action::Speed(saved.speed));
        session.apply(Action::Seek(SimTime(saved.now)));
        Ok(session)
    }
}
