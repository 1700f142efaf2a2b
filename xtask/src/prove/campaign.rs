//! The campaigns: what each runs, and what must hold.

use clap::ValueEnum;

/// What can be proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Campaign {
    /// The provider is killed at 20 random moments of an apply
    Kills,
    /// Each service is taken down in turn, and every page asked
    Table,
    /// The same table against upstream's own services (needs --upstream)
    UpstreamTable,
    /// The provider's tests with OpenTofu in place of Terraform
    Tofu,
    /// Each kind of fault on a real node: predicted, measured, undone, proven
    Faults,
    /// Six of them against upstream's own services (needs --upstream)
    UpstreamFaults,
    /// `break` is killed at 100 random moments, and the fault is undone all the same
    Undo,
    /// A highly available shop keeps 99.9 % while each of its services loses a pod
    ThreeNines,
}

impl Campaign {
    /// Its name on the command line and in the name of its result.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Kills => "kills",
            Self::Table => "table",
            Self::UpstreamTable => "upstream-table",
            Self::Tofu => "tofu",
            Self::Faults => "faults",
            Self::UpstreamFaults => "upstream-faults",
            Self::Undo => "undo",
            Self::ThreeNines => "three-nines",
        }
    }

    /// What must hold. Written before the run that it judges.
    pub(super) fn expectation(self) -> &'static str {
        match self {
            Self::Kills => {
                "After `kill -9` of the provider at each of 20 random moments of an apply (one that makes a shop, one that \
                 prunes one service and changes another, or one that brings objects of a new kind and is given up), one \
                 following apply converges: the next plan is empty, no object that stays has another UID, no pod whose \
                 template stays is replaced or restarted, and the objects that are there are exactly those that are wanted. \
                 A control run with inventory and lease switched off fails the same check."
            }
            Self::Table => {
                "With each of ten services at 0 replicas in turn on a real node, home, product, adding to the cart, the cart and \
                 checkout settle on the statuses of the table in `tests/acceptance/tests/it/node/table.rs`, which are upstream's; \
                 after the service is back, a purchase goes through again."
            }
            Self::UpstreamTable => {
                "The table that the stand-ins are judged by (`tests/acceptance/tests/it/node/table.rs`) is upstream's: with each of \
                 ten services at 0 replicas in turn on a real node, upstream's own frontend answers home, product, adding to \
                 the cart, the cart and checkout with the statuses of the table, and sells again after. Upstream's own are \
                 frontend, checkoutservice, productcatalogservice, shippingservice (Go), currencyservice, paymentservice \
                 (Node), emailservice, recommendationservice (Python), built from its sources; cartservice (.NET) and \
                 adservice (Java) are the stand-ins', because the lab builds neither; redis is Debian's."
            }
            Self::Tofu => {
                "With OpenTofu in place of Terraform, the framework's protocol tests, the provider's protocol tests and the \
                 acceptance tests of a stack's life (apply, empty plan, drift, replicas, prune, replacement, import, destroy) \
                 pass unchanged."
            }
            Self::Faults => {
                "On a real node, each row of the matrix in `tests/acceptance/tests/it/faults/matrix.rs` (every kind of fault, on a \
                 service that it fits) is injected by a user who has exactly the rights that the kind lists; what was predicted \
                 for each page is confirmed by the requests from outside; it is undone, the shop recovers, every object of the \
                 namespace is as before for the program and for kubectl alike, and nothing is left, not even a failed pod. A \
                 second person is refused meanwhile, what somebody edits meanwhile stays, an autoscaler is named, and \
                 `terraform apply` ends a fault."
            }
            Self::UpstreamFaults => {
                "The same against upstream's own services (but for cartservice, adservice and redis, see upstream-table): \
                 kill-pods, crash-loop, bad-address, partition, latency and scale-to-zero do what was predicted and leave \
                 nothing behind."
            }
            Self::Undo => {
                "After `kill -9` of `kubectl boutique break` at each of 100 random moments: what was added is gone and the shop \
                 well at most 15 s after the end of the fault's time, without any command; where pods were touched, every \
                 workload is healthy by then, without any command, and only failed pod objects are left; what was changed is as \
                 before after the next `heal` of another user, who also removes the failed pods and the record's guard. Every \
                 object is as before then. A control run without fuse and deadline fails the same check."
            }
            Self::ThreeNines => {
                "A shop of profile `ha` on a real node, whose services each lose a pod once under 50 requests a second, with at \
                 least 3,000 requests each, answers at least 99.9 % of them; the bound of what that proves is printed. The same with \
                 one pod of each does not."
            }
        }
    }

    /// The variables that turn the short form of `cargo xtask test` into the full campaign.
    pub(super) fn variables(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Kills => &[("BOUTIQUE_KILLS", "20")],
            Self::Table | Self::UpstreamTable => &[("BOUTIQUE_TABLE", "all")],
            Self::Faults => &[("BOUTIQUE_FAULTS", "all")],
            Self::UpstreamFaults => &[("BOUTIQUE_FAULTS", "upstream")],
            Self::Undo => &[("BOUTIQUE_FAULT_KILLS", "100")],
            Self::ThreeNines => &[("BOUTIQUE_GAMEDAYS", "all")],
            Self::Tofu => &[],
        }
    }

    /// The tests that it is made of: package, test binary, filter.
    pub(super) fn tests(self) -> &'static [(&'static str, &'static str, &'static str)] {
        match self {
            Self::Kills => &[("boutique-acceptance", "it", "sim::kills::")],
            Self::Table | Self::UpstreamTable => &[("boutique-acceptance", "it", "node::table::")],
            Self::Faults => {
                &[("boutique-acceptance", "it", "faults::matrix::"), ("boutique-acceptance", "it", "faults::company::")]
            }
            Self::UpstreamFaults => &[("boutique-acceptance", "it", "faults::matrix::")],
            Self::Undo => &[("boutique-acceptance", "it", "faults::killed::")],
            Self::ThreeNines => &[("boutique-acceptance", "it", "faults::gamedays::")],
            Self::Tofu => &[
                ("tfplugin-rs", "terraform", ""),
                ("terraform-provider-boutique", "protocol", ""),
                ("boutique-acceptance", "it", "sim::stack::"),
            ],
        }
    }
}
