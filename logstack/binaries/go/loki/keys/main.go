// Command keys prints every key of loki.yaml that the pinned Loki reads, with the type of its value.
//
// It walks Loki's own configuration structs. A line without indent is a group's name, the first that of the whole file;
// the lines below it are its keys, each with a type: bool, int, float, duration, prometheus-duration (has days), size,
// string, list, map, any, or a group's name. Behind list and map stands the group that their entries are, if any.
package main

import (
	"bufio"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/grafana/loki/v3/pkg/loki"
)

// Types that read YAML themselves, by what a file has for them. The others take what their kind of Go value takes.
var words = map[string]string{
	"flagext.ByteSize": "size",
	"flagext.Bytes":    "size",
	"model.Duration":   "prometheus-duration",
	"config.DayTime":   "string",
}

var (
	duration    = reflect.TypeFor[time.Duration]()
	unmarshaler = reflect.TypeFor[interface {
		UnmarshalYAML(unmarshal func(interface{}) error) error
	}]()
	out = bufio.NewWriter(os.Stdout)
	// The groups in the order of printing, and their names: two packages may have the same.
	groups []reflect.Type
	names  = map[reflect.Type]string{}
	taken  = map[string]int{}
)

func main() {
	defer out.Flush()
	nameOf(reflect.TypeFor[loki.Config]())
	for next := 0; next < len(groups); next++ {
		fmt.Fprintln(out, names[groups[next]])
		fields(groups[next])
	}
}

// nameOf gives a group its name, and a place among those that are still to be printed.
func nameOf(group reflect.Type) string {
	if name, known := names[group]; known {
		return name
	}
	name := group.String()
	taken[name]++
	if taken[name] > 1 {
		name = fmt.Sprintf("%s-%d", name, taken[name])
	}
	names[group] = name
	groups = append(groups, group)
	return name
}

func fields(group reflect.Type) {
	for index := range group.NumField() {
		field := group.Field(index)
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		kind := plain(field.Type)
		switch inline := strings.Contains(options, "inline"); {
		case name == "-" || !field.IsExported() || kind.Kind() == reflect.Func:
		case inline && kind.Kind() == reflect.Struct:
			fields(kind)
		case inline:
			fmt.Fprintf(out, " * %s\n", wordOf(kind.Elem()))
		case name == "":
			fmt.Fprintf(out, " %s %s\n", strings.ToLower(field.Name), wordOf(kind))
		default:
			fmt.Fprintf(out, " %s %s\n", name, wordOf(kind))
		}
	}
}

func plain(kind reflect.Type) reflect.Type {
	for kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	return kind
}

// wordOf is the word for a type.
func wordOf(kind reflect.Type) string {
	kind = plain(kind)
	if kind == duration {
		return "duration"
	}
	if word, known := words[kind.String()]; known {
		return word
	}
	if kind.Kind() == reflect.Struct && hasKeys(kind) {
		return nameOf(kind)
	}
	readsItself := reflect.PointerTo(kind).Implements(unmarshaler)
	switch kind.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	case reflect.Float32, reflect.Float64:
		return "float"
	case reflect.Slice, reflect.Map:
		if !readsItself {
			return strings.TrimSpace(listOrMap(kind) + " " + groupOf(plain(kind.Elem())))
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if !readsItself {
			return "int"
		}
	}
	return "any"
}

// groupOf is the name of the group that an entry of a list or a map is; empty for any other entry.
func groupOf(entry reflect.Type) string {
	if entry.Kind() == reflect.Struct && hasKeys(entry) {
		return nameOf(entry)
	}
	return ""
}

// hasKeys is whether a struct's fields say what they are called in YAML.
func hasKeys(kind reflect.Type) bool {
	for index := range kind.NumField() {
		if kind.Field(index).Tag.Get("yaml") != "" {
			return true
		}
	}
	return false
}

func listOrMap(kind reflect.Type) string {
	if kind.Kind() == reflect.Map {
		return "map"
	}
	return "list"
}
