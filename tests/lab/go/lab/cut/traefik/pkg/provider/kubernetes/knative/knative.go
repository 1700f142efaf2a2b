// Package knative is left out.
package knative

import "github.com/traefik/traefik/v3/pkg/provider/leftout"

// Provider provides nothing.
type Provider = leftout.Provider
