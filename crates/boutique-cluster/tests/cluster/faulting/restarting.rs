//! An API server that goes away while a fault is begun or undone.
//!
//! A gate stands before the real one. Closed, it cuts every connection and refuses new ones, as a restart does; it opens
//! again when it has refused a few.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use boutique_cluster::{
    connect::{Cluster, ConnectSpec},
    fault,
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::*;
use crate::harness::{lab, spec};

/// Connections that are refused before the gate opens again.
const REFUSED: u32 = 3;

struct Gate {
    address: String,
    closed: watch::Sender<bool>,
}

impl Gate {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = format!("https://{}", listener.local_addr().expect("is bound"));
        let (closed, is_closed) = watch::channel(false);
        let server = lab().api_server.trim_start_matches("https://").to_owned();
        let refused = Arc::new(AtomicU32::new(0));
        let opens = closed.clone();
        tokio::spawn(async move {
            while let Ok((mut inner, _)) = listener.accept().await {
                let mut shut = is_closed.clone();
                if *shut.borrow_and_update() {
                    if refused.fetch_add(1, Ordering::Relaxed) + 1 >= REFUSED {
                        refused.store(0, Ordering::Relaxed);
                        opens.send_replace(false);
                    }
                    continue;
                }
                let server = server.clone();
                tokio::spawn(async move {
                    let Ok(mut outer) = TcpStream::connect(server).await else { return };
                    tokio::select! {
                        _ = copy_bidirectional(&mut inner, &mut outer) => {}
                        _ = shut.wait_for(|shut| *shut) => {}
                    }
                });
            }
        });
        Self { address, closed }
    }

    async fn cluster(&self) -> Cluster {
        let spec = ConnectSpec { host: Some(self.address.clone()), ..spec() };
        Cluster::connect(&spec).await.expect("the lab's kubeconfig is good")
    }

    /// Does the work, and closes the gate when so many requests were sent; never, where the work needs fewer.
    async fn closed_in<T>(&self, cluster: &Cluster, requests: u64, work: impl Future<Output = T>) -> T {
        let stop = cluster.requests() + requests;
        let reached = async {
            while cluster.requests() < stop {
                tokio::task::yield_now().await;
            }
        };
        let mut work = Box::pin(work);
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = reached => drop(self.closed.send_replace(true)),
        }
        work.await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_restarts_at_any_request_of_a_fault_is_waited_for() {
    let all = [1, 3, 9, 11, 12, 13, 14, 15, 16, 18].map(|requests| {
        // Boxed: there are many, and each is large.
        Box::pin(async move {
            let shop = running("restart").await;
            let before = specs(&shop).await;
            let gate = Gate::start().await;
            let cluster = gate.cluster().await;
            let seen = scene(&shop).await;
            let wanted = injection(&seen, [adds(&seen).acts, changes(&seen).acts].concat());
            let mut fault = mk_fault(shop.namespace(), "ann", Timestamp::now(), Duration::from_secs(300));
            let now = fault.since;
            let begun = gate.closed_in(&cluster, requests, fault::begin(&cluster, &mut fault, &wanted, now)).await;
            begun.unwrap_or_else(|error| panic!("closed after {requests} requests: {error}"));
            let undo = fault::undo(&cluster, &fault, Timestamp::now());
            let undone = gate.closed_in(&cluster, requests % 5 + 1, undo).await;
            let undone = undone.unwrap_or_else(|error| panic!("closed in the undo: {error}"));
            assert_eq!(undone.kept, Vec::<String>::new(), "closed after {requests} requests");
            fault::finish(&cluster, &Fault { stage: Stage::Finished, ..fault.clone() }).await.unwrap();
            assert_eq!(specs(&shop).await, before, "closed after {requests} requests");
            assert_eq!(names(&shop).await, [fault.record_name()]);
            until_no_residue(&shop, PATIENCE).await;
            shop.finish().await;
        })
    });
    futures::future::join_all(all).await;
}
