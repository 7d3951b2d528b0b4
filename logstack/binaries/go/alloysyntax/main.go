// Command alloysyntax reads a file in Alloy's configuration syntax with the parser that the pinned Alloy itself uses.
//
//	alloysyntax [-fmt] [file]
//
// It reads standard input where no file (or -) is named. Each syntax error is a line `line:col: message` on standard
// error, and the exit status is 1. With -fmt it prints the text as `alloy fmt` would.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/grafana/alloy/syntax/diag"
	"github.com/grafana/alloy/syntax/parser"
	"github.com/grafana/alloy/syntax/printer"
)

const syntaxModule = "github.com/grafana/alloy/syntax"

func main() {
	format := flag.Bool("fmt", false, "print the formatted text")
	version := flag.Bool("version", false, "print the version of Alloy's syntax module")
	flag.Parse()
	if *version {
		fmt.Println(syntaxModule, syntaxVersion())
		return
	}
	if err := run(flag.Arg(0), *format, os.Stdout); err != nil {
		complain(err)
		os.Exit(1)
	}
}

// run parses the named file and, if asked, writes it formatted.
func run(name string, format bool, out io.Writer) error {
	text, err := read(name)
	if err != nil {
		return err
	}
	file, err := parser.ParseFile(name, text)
	if err != nil || !format {
		return err
	}
	var formatted bytes.Buffer
	if err := printer.Fprint(&formatted, file); err != nil {
		return err
	}
	formatted.WriteByte('\n') // the printer ends without one, `alloy fmt` adds it as well
	_, err = out.Write(formatted.Bytes())
	return err
}

func read(name string) ([]byte, error) {
	if name == "" || name == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(name)
}

// complain writes one line a syntax error, or the one error that is none.
func complain(err error) {
	var found diag.Diagnostics
	if !errors.As(err, &found) {
		fmt.Fprintln(os.Stderr, "alloysyntax:", err)
		return
	}
	for _, each := range found {
		fmt.Fprintf(os.Stderr, "%d:%d: %s\n", each.StartPos.Line, each.StartPos.Column, each.Message)
	}
}

// syntaxVersion is what the module file of this build asked for.
func syntaxVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, module := range info.Deps {
		if module.Path == syntaxModule {
			return module.Version
		}
	}
	return "unknown"
}
