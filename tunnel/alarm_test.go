package tunnel

import (
	"testing"
	"testing/synctest"
	"time"
)

// An alarm that another one cancels in the same moment does nothing.
func TestAlarmCancelledWhenDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a alarms
		defer a.stop()
		var rung []string
		var second *alarm
		a.after(time.Second, func() {
			rung = append(rung, "first")
			a.cancel(second)
		})
		second = a.after(time.Second, func() { rung = append(rung, "second") })
		<-a.C()
		a.ring()
		if len(rung) != 1 || rung[0] != "first" {
			t.Errorf("rang %q", rung)
		}
	})
}
