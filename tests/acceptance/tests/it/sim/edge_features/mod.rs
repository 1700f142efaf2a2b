//! What `boutique_ingress` can do beside the common case, each through real terraform on a cluster with simulated nodes. Pods
//! answer nothing there, so a server of the test stands at the address of the controller's Service.

mod address;
mod authority;
mod certificates;
mod charts;
mod classes;
mod downloading;
mod importing;
mod place;
mod registry;
mod server;
