# Online Boutique behind an nginx ingress controller: http://shop.local leads to the shop, and apply ends when it does.

terraform {
  required_providers {
    boutique = {
      source = "boutique-dev/boutique"
    }
  }
}

variable "kubeconfig" {
  description = "Path of the kubeconfig file of the cluster to deploy to."
  type        = string
}

provider "boutique" {
  config_path = var.kubeconfig
}

resource "boutique_stack" "shop" {
  name      = "shop"
  namespace = "shop"
  version   = "v0.10.6"
  profile   = "small"

  load_generator = { enabled = false } # shoppers come through the edge, below
}

resource "boutique_ingress" "shop" {
  name      = "shop"
  namespace = boutique_stack.shop.namespace
  host      = "shop.local"

  controller = {
    kind    = "f5-nginx" # f5-nginx | traefik | ingress-nginx (retired) | existing
    install = true       # needs helm 3.14 or newer on PATH, in BOUTIQUE_HELM or named in the provider block
  }

  load_generator = { users = 5 }
}

output "url" {
  description = "Where the shop is."
  value       = boutique_ingress.shop.url
}

output "hosts_entry" {
  description = "The line that makes this machine find it: add it to /etc/hosts."
  value       = boutique_ingress.shop.hosts_entry
}
