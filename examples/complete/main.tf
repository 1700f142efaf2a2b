# Online Boutique in one namespace, applied until a synthetic customer has bought something from it.

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

variable "context" {
  description = "Context within that file; null means its current context."
  type        = string
  default     = null
}

provider "boutique" {
  config_path    = var.kubeconfig
  config_context = var.context
}

resource "boutique_stack" "shop" {
  name      = "shop"
  namespace = "shop"
  version   = "v0.10.6"
  profile   = "small" # tiny requests, for laptops and labs

  services = {
    frontend        = { env = { FRONTEND_MESSAGE = "Deployed by terraform apply" } }
    currencyservice = { replicas = 1 }
  }

  load_generator = { users = 2 }

  wait     = { until = "purchase" } # apply ends when a synthetic customer has bought something
  timeouts = { create = "10m", update = "10m" }
}

output "stack" {
  description = "Identity of the stack, as `terraform import` takes it."
  value       = boutique_stack.shop.id
}
