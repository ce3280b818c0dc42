//! Who set which fields of an object: `metadata.managedFields`, kept in the form in which the API
//! prints it. Empty for what the cluster's own components made: `apiserver::managed` says then
//! what it would be.
//!
//! Upstream: ManagedFieldsEntry in staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go

use crate::base::Str;
use crate::base::time::SimTime;
use serde_json::{Map, Value};
use std::rc::Rc;

/// A set of fields in the form FieldsV1: `f:spec` holds `f:replicas`, which holds nothing. `.`
/// says of a node with children that it is in the set itself.
pub type Fields = Map<String, Value>;

/// All managers of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Managed {
    /// One entry for each manager, way and subresource; `None` as long as only components wrote.
    pub entries: Option<Rc<Vec<Manager>>>,
    /// When its status was last written.
    pub status_at: SimTime,
}

/// The fields that one manager set in one way.
#[derive(Clone, Debug, PartialEq)]
pub struct Manager {
    /// Its name, such as `kubectl-edit`.
    pub name: Str,
    /// By server-side apply, or else by an update of some kind.
    pub apply: bool,
    /// Through which subresource; empty for the object itself.
    pub subresource: &'static str,
    /// When it last changed something.
    pub time: SimTime,
    /// What it set.
    pub fields: Rc<Fields>,
}

impl Manager {
    /// Whether both are entries of the same manager, way and subresource.
    pub fn is(&self, other: &Manager) -> bool {
        let id = |m: &Manager| (m.name.clone(), m.apply, m.subresource);
        id(self) == id(other)
    }
}
