//! Which of the objects that have had one name after the other an object is; replays tell them
//! apart by that.

use crate::api::kinds::Key;
use crate::api::meta::Uid;
use crate::base::Str;
use crate::base::map::Map;

/// For each name, which object has it and how many had it before.
#[derive(Clone, Debug, Default)]
pub struct Lives(Map<Key, (Uid, usize)>);

impl Lives {
    /// What `recorded` says of the object `uid` at `key`: as many entries of its name come
    /// before as objects had its name.
    pub fn find<T: Clone>(&mut self, key: &Key, uid: Uid, recorded: &[(Str, T)]) -> Option<T> {
        if recorded.is_empty() {
            return None;
        }
        let life = match self.0.get(key) {
            Some((last, life)) if *last == uid => *life,
            Some((_, life)) => life + 1,
            None => 0,
        };
        self.0.insert_mut(key.clone(), (uid, life));
        let name = format!("{}/{}", key.namespace, key.name);
        recorded.iter().filter(|(it, _)| **it == *name).nth(life).map(|(_, found)| found.clone())
    }
}
