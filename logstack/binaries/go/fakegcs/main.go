// Command fakegcs serves Google Cloud Storage's API from memory, with TLS: the server of the tests of store kind gcs.
//
//	fakegcs -port PORT -certificate FILE -key FILE
//
// It prints no requests, and does not check who asks.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

const serverModule = "github.com/fsouza/fake-gcs-server"

func main() {
	port := flag.Uint("port", 0, "the port on 127.0.0.1")
	certificate := flag.String("certificate", "", "the server's certificate (PEM)")
	key := flag.String("key", "", "its private key (PEM)")
	version := flag.Bool("version", false, "print the version of fake-gcs-server")
	flag.Parse()
	if *version {
		fmt.Println(serverModule, serverVersion())
		return
	}
	if err := serve(uint16(*port), *certificate, *key); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve answers until the process is asked to end.
func serve(port uint16, certificate, key string) error {
	server, err := fakestorage.NewServerWithOptions(fakestorage.Options{
		Scheme:              "https",
		Host:                "127.0.0.1",
		Port:                port,
		CertificateLocation: certificate,
		PrivateKeyLocation:  key,
		ExternalURL:         "https://storage.googleapis.com",
	})
	if err != nil {
		return err
	}
	defer server.Stop()
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGINT, syscall.SIGTERM)
	<-ended
	return nil
}

func serverVersion() string {
	build, known := debug.ReadBuildInfo()
	if !known {
		return "unknown"
	}
	for _, module := range build.Deps {
		if module.Path == serverModule {
			return module.Version
		}
	}
	return "unknown"
}
