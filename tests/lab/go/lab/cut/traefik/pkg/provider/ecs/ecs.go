// Package ecs is left out.
package ecs

import "github.com/traefik/traefik/v3/pkg/provider/leftout"

// Provider provides nothing.
type Provider = leftout.Provider
