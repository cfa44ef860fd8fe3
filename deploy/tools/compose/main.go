// Compose loads compose files as Docker Compose does, by the reference library of the Compose Specification, and prints
// the model: defaults filled in, variables put in place, references checked. Its exit status is 1, with the fault on
// standard error, for a file that Docker Compose would refuse.
//
//	compose FILE...
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	if err := show(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// show prints the project of these files as JSON. The services of every profile are in it: what nobody starts by default
// must be right too. Variables come from the environment alone, never from an .env file that only one machine has.
func show(files []string) error {
	if len(files) == 0 {
		return fmt.Errorf("usage: compose FILE")
	}
	options, err := cli.NewProjectOptions(files, cli.WithOsEnv, cli.WithProfiles([]string{"*"}))
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(project)
}
