// Package sigv4 is left out: nothing in a lab is signed for AWS.
package sigv4

import (
	"errors"
	"net/http"
)

var errLeftOut = errors.New("sigv4 is left out of the lab's build")

// SigV4Config has no settings. Where it is no pointer an empty one is read, too, so reading it alone is no mistake.
type SigV4Config struct{}

// Validate finds nothing to object to.
func (*SigV4Config) Validate() error { return nil }

// NewSigV4RoundTripper says that AWS's signatures are left out.
func NewSigV4RoundTripper(*SigV4Config, http.RoundTripper) (http.RoundTripper, error) {
	return nil, errLeftOut
}
