// Package azuread is left out: nothing in a lab writes to Azure.
package azuread

import (
	"errors"
	"net/http"
)

var errLeftOut = errors.New("azuread is left out of the lab's build")

// AzureADConfig has no settings.
type AzureADConfig struct{}

// Validate says that Azure's sign-in is left out.
func (*AzureADConfig) Validate() error { return errLeftOut }

// UnmarshalYAML says that Azure's sign-in is left out.
func (*AzureADConfig) UnmarshalYAML(func(any) error) error { return errLeftOut }

// NewAzureADRoundTripper says that Azure's sign-in is left out.
func NewAzureADRoundTripper(*AzureADConfig, http.RoundTripper) (http.RoundTripper, error) {
	return nil, errLeftOut
}
