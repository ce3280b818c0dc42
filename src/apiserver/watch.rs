//! The log of changes that readers follow, each from its own cursor.
//!
//! Upstream: staging/src/k8s.io/apiserver/pkg/storage/cacher

use crate::api::kinds::{Key, Kind, Object, Resource};
use crate::base::map::Map;
use std::ops::Bound;
use std::rc::Rc;

/// One write: what was there before and after. At least one of both is there.
#[derive(Clone, Debug)]
pub struct Change {
    /// The store's revision of the write.
    pub revision: u64,
    /// The kind of the object.
    pub kind: Kind,
    /// Where it is.
    pub key: Key,
    /// What was there; `None` if it was added.
    pub old: Option<Object>,
    /// What is there; `None` if it was removed.
    pub new: Option<Object>,
}

impl Change {
    /// The object, as it is or as it was before it went.
    pub fn object(&self) -> Option<&Object> {
        self.new.as_ref().or(self.old.as_ref())
    }

    /// What was there, if it is of type `T`.
    pub fn old<T: Resource>(&self) -> Option<&Rc<T>> {
        self.old.as_ref().and_then(T::unwrap)
    }

    /// What is there, if it is of type `T`.
    #[allow(clippy::new_ret_no_self)] // the counterpart of `old`
    pub fn new<T: Resource>(&self) -> Option<&Rc<T>> {
        self.new.as_ref().and_then(T::unwrap)
    }

    /// Whether the object was added.
    pub fn is_added(&self) -> bool {
        self.old.is_none()
    }

    /// Whether the object was removed.
    pub fn is_removed(&self) -> bool {
        self.new.is_none()
    }
}

/// The changes that some reader has not seen yet.
#[derive(Clone, Debug, Default)]
pub struct Log {
    changes: Map<u64, Rc<Change>>,
}

impl Log {
    /// All changes after `revision`, oldest first.
    pub fn after(&self, revision: u64) -> impl Iterator<Item = &Rc<Change>> {
        let range = (Bound::Excluded(revision), Bound::Unbounded);
        self.changes.range(range).map(|(_, change)| change)
    }

    /// Forgets all changes up to `revision`.
    pub fn trim(&mut self, revision: u64) {
        while let Some((&first, _)) = self.changes.first()
            && first <= revision
        {
            self.changes.remove_mut(&first);
        }
    }

    pub(super) fn append(&mut self, change: Change) {
        self.changes.insert_mut(change.revision, Rc::new(change));
    }
}
