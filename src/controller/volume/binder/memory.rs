//! The controller's own writes that its cache does not show yet.
//!
//! Upstream: pkg/controller/volume/persistentvolume/pv_controller_base.go (storeObjectUpdate)

use crate::api::kinds::{Key, Kind, Object, Resource};
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::base::map::Map;
use std::rc::Rc;

#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    written: Map<(Kind, Key), Object>,
}

impl Memory {
    /// The newest version the controller knows: the cache's, or what it wrote itself.
    pub fn get<T: Resource>(&self, cache: &Store, key: &Key) -> Option<Rc<T>> {
        if let Some(object) = self.written.get(&(T::KIND, key.clone()))
            && object.meta().resource_version.0 > cache.revision()
        {
            return T::unwrap(object).cloned();
        }
        cache.get::<T>(key).cloned()
    }

    /// Remembers what was written.
    pub fn wrote<T: Resource>(&mut self, object: Rc<T>) -> Rc<T> {
        let key = Key::of(object.meta());
        self.written.insert_mut((T::KIND, key), T::wrap(object.clone()));
        object
    }

    /// Forgets what the watch has shown by now.
    pub fn caught_up(&mut self, change: &Change) {
        let at = (change.kind, change.key.clone());
        let shown = |object: &Object| object.meta().resource_version.0 <= change.revision;
        if self.written.get(&at).is_some_and(shown) {
            self.written.remove_mut(&at);
        }
    }
}
