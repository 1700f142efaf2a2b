//! Writes the objects of a shop and nothing else, over a connection that is there, and prints the milliseconds that it
//! takes: the part of an apply that no client can save. `cargo xtask bench` runs it.
//!
//! Usage: `bare_writes KUBECONFIG NAMESPACE`; the namespace must exist and be empty.

use std::{env, error::Error, time::Instant};

use boutique_cluster::connect::{Cluster, ConnectSpec};
use boutique_core::{object::Kind, object::Manifest, render, spec::StackSpec};
use futures::future::try_join_all;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the figure is what it is run for")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(kubeconfig), Some(namespace)) = (arguments.next(), arguments.next()) else {
        return Err("usage: bare_writes KUBECONFIG NAMESPACE".into());
    };
    let cluster =
        Cluster::connect(&ConnectSpec { config_paths: vec![kubeconfig.into()], ..ConnectSpec::default() }).await?;
    cluster.get(Kind::NAMESPACE, None, &namespace).await?;
    let manifests = render::stack(&StackSpec::new(&namespace, "shop"))?;
    let (workloads, others): (Vec<Manifest>, Vec<Manifest>) =
        manifests.into_iter().partition(|manifest| manifest.kind().is_workload());
    let begun = Instant::now();
    // Workloads last: once they are there, controllers contend with the writes, and the whole takes longer.
    for wave in [others, workloads] {
        try_join_all(wave.iter().map(|manifest| cluster.server_side_apply(manifest, "bare-writes", false))).await?;
    }
    println!("{}", begun.elapsed().as_millis());
    Ok(())
}
