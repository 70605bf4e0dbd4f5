package sshconn

import "context"

type fileResolver struct{}

func (fileResolver) read(ctx context.Context, destination string, o *Options) (*settings, error) {
	return nil, &ConfigError{Text: "no ssh binary"}
}
