// Package googleiam is left out: nothing in a lab writes to Google Cloud.
package googleiam

import (
	"errors"
	"net/http"
)

var errLeftOut = errors.New("google_iam is left out of the lab's build")

// Config has no settings.
type Config struct{}

// UnmarshalYAML says that Google's sign-in is left out.
func (*Config) UnmarshalYAML(func(any) error) error { return errLeftOut }

// NewRoundTripper says that Google's sign-in is left out.
func NewRoundTripper(*Config, http.RoundTripper) (http.RoundTripper, error) {
	return nil, errLeftOut
}
