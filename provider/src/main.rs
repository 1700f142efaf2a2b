//! Terraform provider for Google's Online Boutique on Kubernetes.

use std::process::ExitCode;

fn main() -> ExitCode {
    tfplugin_rs::serve(terraform_provider_boutique::Boutique)
}
