// Package etcd is left out.
package etcd

import "github.com/traefik/traefik/v3/pkg/provider/leftout"

// Provider provides nothing.
type Provider = leftout.Provider
