// Netpol enforces NetworkPolicies on one node with iptables and ipset: kube-router's policy controller without the
// rest of kube-router (routing, service proxy, BGP), which the lab neither needs nor can build.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/cloudnativelabs/kube-router/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/pkg/options"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

func main() {
	klog.InitFlags(nil)
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig of a user that may list nodes, pods, namespaces and NetworkPolicies")
	node := flag.String("node", "", "name of the node whose pods are protected")
	services := flag.String("service-cidr", "", "range of the ClusterIPs")
	ready := flag.String("ready-file", "", "file to write when the first synchronisation is done")
	flag.Parse()
	if err := run(*kubeconfig, *node, *services, *ready); err != nil {
		fmt.Fprintf(os.Stderr, "netpol: %v\n", err)
		os.Exit(1)
	}
}

func run(kubeconfig, node, services, ready string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("kubeconfig %s: %w", kubeconfig, err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("client of %s: %w", kubeconfig, err)
	}

	stop := make(chan struct{})
	factory := informers.NewSharedInformerFactory(client, 0)
	pods := factory.Core().V1().Pods().Informer()
	namespaces := factory.Core().V1().Namespaces().Informer()
	policies := factory.Networking().V1().NetworkPolicies().Informer()
	factory.Start(stop)
	if !cache.WaitForCacheSync(stop, pods.HasSynced, namespaces.HasSynced, policies.HasSynced) {
		return fmt.Errorf("the lists of pods, namespaces and NetworkPolicies could not be read")
	}

	settings := options.NewKubeRouterConfig()
	settings.HostnameOverride = node
	settings.ClusterIPCIDR = services
	// Events cause a synchronisation at once; the period only heals what somebody else removed.
	settings.IPTablesSyncPeriod = 30 * time.Second
	controller, err := netpol.NewNetworkPolicyController(client, settings, pods, policies, namespaces, &sync.Mutex{})
	if err != nil {
		return fmt.Errorf("policy controller of node %s: %w", node, err)
	}
	for informer, handler := range map[cache.SharedIndexInformer]cache.ResourceEventHandler{
		pods:       controller.PodEventHandler,
		namespaces: controller.NamespaceEventHandler,
		policies:   controller.NetworkPolicyEventHandler,
	} {
		informer.AddEventHandler(handler)
	}

	// The controller blocks until somebody takes its heartbeat; the first one comes with the first synchronisation.
	beats := make(chan *healthcheck.ControllerHeartbeat)
	go func() {
		<-beats
		if ready != "" {
			if err := os.WriteFile(ready, []byte("synchronised\n"), 0o644); err != nil {
				klog.Errorf("ready file: %v", err)
			}
		}
		for range beats {
		}
	}()

	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGINT, syscall.SIGTERM)
	var wg sync.WaitGroup
	wg.Add(1)
	go controller.Run(beats, stop, &wg)
	<-end
	close(stop)
	wg.Wait()
	return nil
}
