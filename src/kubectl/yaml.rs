//! Objects as `-o yaml` prints them.
//!
//! Upstream: staging/src/k8s.io/cli-runtime/pkg/printers/yaml.go

use crate::api::kinds::Object;

/// The object as YAML, keys in order of the alphabet.
pub fn text(object: &Object) -> String {
    serde_yaml::to_string(&object.to_value()).unwrap_or_default()
}
