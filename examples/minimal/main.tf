# The smallest shop: everything has a default. The provider reads KUBE_CONFIG_PATH or the in-cluster account.

terraform {
  required_providers {
    boutique = {
      source = "boutique-dev/boutique"
    }
  }
}

resource "boutique_stack" "shop" {
  name      = "shop"
  namespace = "shop"
}
