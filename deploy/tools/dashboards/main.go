// Dashboards reads Grafana dashboards by the types that Grafana's own SDK has of them, strictly: a field that no panel
// has, one that is missing and a value of another kind are faults. Whether a word is one of those that Grafana knows is
// not looked at. Its exit status is 1, with every fault on standard error, when a file has any.
//
//	dashboards FILE...
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func main() {
	plugins.RegisterDefaultPlugins()
	status := 0
	for _, file := range os.Args[1:] {
		if err := check(file); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			status = 1
		}
	}
	if len(os.Args) == 1 {
		fmt.Fprintln(os.Stderr, "usage: dashboards FILE")
		status = 1
	}
	os.Exit(status)
}

// check gives what is wrong with a file's form and, when that is right, with its values.
func check(file string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var read dashboard.Dashboard
	if err := found(read.UnmarshalJSONStrict(raw)); err != nil {
		return err
	}
	if err := found(read.Validate()); err != nil {
		return err
	}
	if len(read.Panels) == 0 {
		return errors.New("no panels")
	}
	return nil
}

// found is err, unless it is the SDK's list of faults with none in it, which the SDK gives for a part without faults.
func found(err error) error {
	var faults cog.BuildErrors
	if errors.As(err, &faults) && len(faults) == 0 {
		return nil
	}
	return err
}
