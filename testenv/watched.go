package testenv

import (
	"context"
	"sync"
)

// watched guards counts and wakes those who wait for them to change.
type watched[T interface{ Clone() T }] struct {
	mu      sync.Mutex
	value   T             // guarded by mu
	changed chan struct{} // closed and forgotten at a change; guarded by mu
}

// add changes the value by f.
func (w *watched[T]) add(f func(*T)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(&w.value)
	if w.changed != nil {
		close(w.changed)
		w.changed = nil
	}
}

func (w *watched[T]) get() T {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.value.Clone()
}

// await returns when the value fulfils cond, or the error of ctx.
func (w *watched[T]) await(ctx context.Context, cond func(T) bool) error {
	for {
		w.mu.Lock()
		if w.changed == nil {
			w.changed = make(chan struct{})
		}
		value, changed := w.value.Clone(), w.changed
		w.mu.Unlock()
		if cond(value) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// keep appends to a list of the latest so that it stays bounded.
func keep(list *[]string, s string) {
	const most = 4096
	if len(*list) == most {
		*list = append((*list)[:0], (*list)[most/2:]...)
	}
	*list = append(*list, s)
}
