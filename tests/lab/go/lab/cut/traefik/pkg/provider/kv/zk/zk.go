// Package zk is left out.
package zk

import "github.com/traefik/traefik/v3/pkg/provider/leftout"

// Provider provides nothing.
type Provider = leftout.Provider
