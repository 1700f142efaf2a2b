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
}

impl Campaign {
    /// Its name on the command line and in the name of its result.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Kills => "kills",
            Self::Table => "table",
            Self::UpstreamTable => "upstream-table",
            Self::Tofu => "tofu",
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
        }
    }

    /// The variables that turn the short form of `cargo xtask test` into the full campaign.
    pub(super) fn variables(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Kills => &[("BOUTIQUE_KILLS", "20")],
            Self::Table | Self::UpstreamTable => &[("BOUTIQUE_TABLE", "all")],
            Self::Tofu => &[],
        }
    }

    /// The tests that it is made of: package, test binary, filter.
    pub(super) fn tests(self) -> &'static [(&'static str, &'static str, &'static str)] {
        match self {
            Self::Kills => &[("boutique-acceptance", "it", "sim::kills::")],
            Self::Table | Self::UpstreamTable => &[("boutique-acceptance", "it", "node::table::")],
            Self::Tofu => &[
                ("tfplugin-rs", "terraform", ""),
                ("terraform-provider-boutique", "protocol", ""),
                ("boutique-acceptance", "it", "sim::stack::"),
            ],
        }
    }
}
