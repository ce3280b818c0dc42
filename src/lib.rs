//! A deterministic Kubernetes cluster as a value; the page is one of its users.
