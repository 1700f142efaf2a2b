// Package consulcatalog is left out.
package consulcatalog

import "github.com/traefik/traefik/v3/pkg/provider/leftout"

// ProviderBuilder builds a provider that provides nothing.
type ProviderBuilder = leftout.Builder
