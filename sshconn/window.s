// This file is here so that window_raw.go may declare functions without a body.
