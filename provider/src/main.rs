//! Terraform provider for Google's Online Boutique on Kubernetes.

fn main() {}
