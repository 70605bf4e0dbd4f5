package main

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"strings"
)

// testFeatures asks what the server can do, and whether it takes a login
// without TLS: FEAT, RFC 2389, and the answer to USER.
func (c *check) testFeatures(ctx context.Context) hop {
	c.login = c.findLogin(ctx)
	var features []string
	var refused error
	err := c.talk(ctx, func(f *ftpClient) error {
		text, err := f.command(211, "FEAT")
		if refused = err; err == nil {
			features = featureNames(text)
		} else if _, answered := errors.AsType[*textproto.Error](err); !answered {
			return err
		}
		_, err = f.command(3, "USER %s", c.login.user)
		if e, ok := errors.AsType[*textproto.Error](err); ok && !demandsTLS(e) {
			return nil // ftp login tells of it
		}
		return err
	})
	if e, ok := errors.AsType[*textproto.Error](err); ok && demandsTLS(e) {
		h := failed(fmt.Sprintf("TLS is required: %v", e), c.plainRemedy()...)
		h.Features, h.TLS = features, "required"
		return h
	}
	if err != nil {
		return c.wrong(err, c.again()+" -vv shows the dialogue")
	}
	return wordFeatures(features, refused)
}

// wordFeatures words the answer to FEAT.
func wordFeatures(features []string, refused error) hop {
	if refused != nil {
		return notTested("the server does not tell: %v", refused)
	}
	h := passed("%s; TLS is not offered", strings.Join(features, ", "))
	for _, f := range features {
		if strings.HasPrefix(f, "AUTH ") {
			h.TLS = "offered"
			h.Detail = strings.Join(features, ", ") + "; TLS is offered, and not required"
		}
	}
	h.Features = features
	return h
}

// featureNames returns the lines of an answer to FEAT, each without what it
// says about itself, but for AUTH.
func featureNames(text string) []string {
	lines := strings.Split(text, "\n")
	var names []string
	for _, line := range lines[1:max(len(lines)-1, 1)] {
		name, arg, _ := strings.Cut(strings.TrimSpace(line), " ")
		name = strings.ToUpper(name)
		if name == "AUTH" {
			name += " " + arg
		}
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}
