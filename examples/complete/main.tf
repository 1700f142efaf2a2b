# Online Boutique in one namespace, the way into it, and what watches it: applied until a synthetic customer has bought
# something, until http://shop.local leads to the shop, and until Prometheus sees every service.

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

variable "controller" {
  description = "Who takes the requests from outside, as boutique_ingress names it; null leaves the way in out."
  type = object({
    kind         = string
    install      = optional(bool)
    class        = optional(string)
    service_type = optional(string)
    chart        = optional(object({ name = string }))
    values       = optional(any)
  })
  default = {
    kind    = "traefik" # f5-nginx | traefik | ingress-nginx (retired) | existing
    install = true      # needs helm 3.14 or newer on PATH, in BOUTIQUE_HELM or named in the provider block
  }
}

variable "monitoring" {
  description = "Where Prometheus comes from and how fast alerts are, as boutique_monitoring names it; null leaves monitoring out."
  type = object({
    chart = optional(object({
      existing        = optional(bool)
      name            = optional(string)
      release         = optional(string)
      selector_labels = optional(map(string))
    }))
    windows = optional(string) # standard | lab
    grafana = optional(object({ enabled = optional(bool), host = optional(string) }))
  })
  default = {} # kube-prometheus-stack by helm, with Grafana
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
  tracing        = var.monitoring != null # the services' spans are the only signals of requests there are

  wait     = { until = "purchase" } # apply ends when a synthetic customer has bought something
  timeouts = { create = "10m", update = "10m" }
}

resource "boutique_ingress" "shop" {
  count = var.controller == null ? 0 : 1

  name       = "shop"
  namespace  = boutique_stack.shop.namespace
  host       = "shop.local"
  controller = var.controller
}

resource "boutique_monitoring" "shop" {
  count = var.monitoring == null ? 0 : 1

  name      = "shop"
  namespace = "monitoring"
  stack     = boutique_stack.shop.id
  ingress   = one(boutique_ingress.shop[*].id)
  chart     = var.monitoring.chart
  windows   = var.monitoring.windows
  grafana   = var.monitoring.grafana

  slo = { availability = 99.9, latency_ms = 500, period_days = 30 }
}

output "stack" {
  description = "Identity of the stack, as `terraform import` takes it."
  value       = boutique_stack.shop.id
}

output "url" {
  description = "Where the shop is."
  value       = one(boutique_ingress.shop[*].url)
}

output "address" {
  description = "Where the host of the URL leads; null while nobody has given the controller an address."
  value       = one(boutique_ingress.shop[*].address)
}

output "hosts_entry" {
  description = "The line that makes this machine find it: add it to /etc/hosts."
  value       = one(boutique_ingress.shop[*].hosts_entry)
}

output "prometheus" {
  description = "Where Prometheus is within the cluster."
  value       = one(boutique_monitoring.shop[*].prometheus_url)
}
