// Package docker is left out.
package docker

import (
	ptypes "github.com/traefik/paerser/types"
	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/provider/leftout"
	"github.com/traefik/traefik/v3/pkg/safe"
)

// Provider provides nothing; its field is one that the static configuration looks at.
type Provider struct {
	HTTPClientTimeout ptypes.Duration
}

// Init says that the provider is left out.
func (*Provider) Init() error { return (&leftout.Provider{}).Init() }

// Provide says that the provider is left out.
func (*Provider) Provide(configuration chan<- dynamic.Message, pool *safe.Pool) error {
	return (&leftout.Provider{}).Provide(configuration, pool)
}

// SwarmProvider provides nothing; its fields are those that the static configuration looks at.
type SwarmProvider struct {
	HTTPClientTimeout ptypes.Duration
	RefreshSeconds    ptypes.Duration
}

// Init says that the provider is left out.
func (*SwarmProvider) Init() error { return (&leftout.Provider{}).Init() }

// Provide says that the provider is left out.
func (*SwarmProvider) Provide(configuration chan<- dynamic.Message, pool *safe.Pool) error {
	return (&leftout.Provider{}).Provide(configuration, pool)
}
