//! What Terraform asserts about a provider's answers, asserted here first.

mod conformance;

pub(crate) use conformance::conforms;
