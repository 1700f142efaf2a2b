// Package redis is left out.
package redis

import "github.com/traefik/traefik/v3/pkg/provider/leftout"

// Provider provides nothing.
type Provider = leftout.Provider
