// Package leftout stands for sources of configuration that a lab has no use for. Configured, one says that it is left out.
package leftout

import (
	"errors"

	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/safe"
)

var errLeftOut = errors.New("this provider is left out of the lab's build of Traefik")

// Provider provides nothing.
type Provider struct{}

// Init says that the provider is left out.
func (*Provider) Init() error { return errLeftOut }

// Provide says that the provider is left out.
func (*Provider) Provide(chan<- dynamic.Message, *safe.Pool) error { return errLeftOut }

// Builder is for providers that are configured once for several namespaces.
type Builder struct{}

// BuildProviders answers one provider, for its error to be seen.
func (*Builder) BuildProviders() []*Provider { return []*Provider{{}} }
