// Package plugins runs no plugins: the interpreters of Go and of WebAssembly are left out. Configured, a plugin says so.
package plugins

import (
	"context"
	"errors"
	"net/http"

	"github.com/traefik/traefik/v3/pkg/provider"
)

var errLeftOut = errors.New("plugins are left out of the lab's build of Traefik")

// Constructor creates a plugin handler.
type Constructor func(context.Context, http.Handler) (http.Handler, error)

// Builder builds nothing.
type Builder struct{}

// NewBuilder refuses plugins.
func NewBuilder(_ *Manager, plugins map[string]Descriptor, local map[string]LocalDescriptor) (*Builder, error) {
	if len(plugins)+len(local) > 0 {
		return nil, errLeftOut
	}
	return &Builder{}, nil
}

// Build says that plugins are left out.
func (Builder) Build(string, map[string]any, string) (Constructor, error) { return nil, errLeftOut }

// BuildProvider says that plugins are left out.
func (Builder) BuildProvider(string, map[string]any) (provider.Provider, error) {
	return nil, errLeftOut
}

// Settings of a plugin.
type Settings struct {
	Envs      []string
	Mounts    []string
	UseUnsafe bool
}

// Descriptor of a plugin.
type Descriptor struct {
	ModuleName string
	Version    string
	Hash       string
	Settings   Settings
}

// LocalDescriptor of a plugin on the host.
type LocalDescriptor struct {
	ModuleName string
	Settings   Settings
}

// Manager manages nothing.
type Manager struct{}

// ManagerOptions are not looked at.
type ManagerOptions struct {
	Output string
}

// RegistryDownloader downloads nothing.
type RegistryDownloader struct{}

// RegistryDownloaderOptions are not looked at.
type RegistryDownloaderOptions struct {
	HTTPClient   *http.Client
	ArchivesPath string
}

// NewRegistryDownloader says that plugins are left out.
func NewRegistryDownloader(RegistryDownloaderOptions) (*RegistryDownloader, error) {
	return nil, errLeftOut
}

// NewManager says that plugins are left out.
func NewManager(*RegistryDownloader, ManagerOptions) (*Manager, error) { return nil, errLeftOut }

// SetupRemotePlugins says that plugins are left out.
func SetupRemotePlugins(*Manager, map[string]Descriptor) error { return errLeftOut }

// SetupLocalPlugins says that plugins are left out.
func SetupLocalPlugins(map[string]LocalDescriptor) error { return errLeftOut }
