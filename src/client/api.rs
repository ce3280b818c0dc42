//! The verbs as components use them: typed.

use crate::api::kinds::{Key, Kind, Object, Resource};
use crate::api::meta::ResourceVersion;
use crate::apiserver::status::Status;
use crate::apiserver::{Answer, ApiServer, DeleteOptions};
use crate::base::Str;
use crate::base::time::SimTime;
use std::rc::Rc;

/// The hub as of now.
pub struct Client<'a> {
    /// Now.
    pub now: SimTime,
    /// The hub.
    pub server: &'a mut ApiServer,
}

impl Client<'_> {
    /// The newest object at `key`.
    pub fn get<T: Resource>(&self, key: &Key) -> Answer<Rc<T>> {
        let found = self.server.store.get::<T>(key).cloned();
        found.ok_or_else(|| Status::not_found(T::KIND, &key.name))
    }

    /// Creates an object.
    pub fn create<T: Resource>(&mut self, object: T) -> Answer<Rc<T>> {
        typed(self.server.create(self.now, T::wrap(Rc::new(object))))
    }

    /// Replaces an object's wishes; refused if it was changed since it was read.
    pub fn update<T: Resource>(&mut self, object: T) -> Answer<Rc<T>> {
        typed(self.server.update(self.now, T::wrap(Rc::new(object))))
    }

    /// Replaces an object's status; refused if it was changed since it was read.
    pub fn update_status<T: Resource>(&mut self, object: T) -> Answer<Rc<T>> {
        typed(self.server.update_status(self.now, T::wrap(Rc::new(object))))
    }

    /// Changes the newest object's wishes, as a patch without a version does.
    pub fn patch<T: Resource>(&mut self, key: &Key, change: impl FnOnce(&mut T)) -> Answer<Rc<T>> {
        let mut object = (*self.get::<T>(key)?).clone();
        change(&mut object);
        object.meta_mut().resource_version = ResourceVersion(0);
        self.update(object)
    }

    /// Changes the newest object's status, as a patch without a version does.
    pub fn patch_status<T: Resource>(
        &mut self,
        key: &Key,
        change: impl FnOnce(&mut T),
    ) -> Answer<Rc<T>> {
        let mut object = (*self.get::<T>(key)?).clone();
        change(&mut object);
        object.meta_mut().resource_version = ResourceVersion(0);
        self.update_status(object)
    }

    /// Deletes an object, or begins to.
    pub fn delete(&mut self, kind: Kind, key: &Key, options: &DeleteOptions) -> Answer<Object> {
        self.server.delete(self.now, kind, key, options)
    }

    /// Binds a Pod to a node.
    pub fn bind(&mut self, pod: &Key, node: &Str) -> Answer<Object> {
        self.server.bind(self.now, pod, node)
    }
}

fn typed<T: Resource>(answer: Answer<Object>) -> Answer<Rc<T>> {
    let object = answer?;
    Ok(T::unwrap(&object).expect("a verb gives back the kind it was given").clone())
}
