// Command alloy is Grafana Alloy as its published Go module has it.
//
// The main package of the official binary is in a module that is not published. What it has besides this one: the
// `otel` command, the web interface, and the journal as a source, which needs cgo and systemd's library.
package main

import (
	"os"

	"github.com/grafana/alloy/flowcmd"
)

func main() {
	if err := flowcmd.RootCommand().Execute(); err != nil {
		os.Exit(1) // the command has said why
	}
}
