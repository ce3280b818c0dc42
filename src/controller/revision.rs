//! Revisions of a template: ControllerRevisions, their names and numbers.
