package tunnel

import (
	"fmt"
	"sync"
	"testing"

	"ftptunnel/testenv"
)

// Clients that write a little and close at once, many at a time: none of them
// is taken for a stranger because its socket was closed before it was looked
// at.
func TestHastyUploads(t *testing.T) {
	tree := &testenv.Tree{}
	ftp := ftpServer(t, testenv.FTPOptions{Tree: tree})
	w := serve(t, &Tunnel{Target: ftp.Addr()}, listen(t, "127.0.0.1:0"))
	const clients, uploads = 8, 100
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			c := login(t, Local{}, w.addr)
			for j := range uploads {
				c.put([]string{"PASV", "EPSV"}[j%2], fmt.Sprintf("STOR f%d.%d", i, j), []byte("hasty"))
			}
		})
	}
	wg.Wait()
	if n := len(tree.Names()); n != clients*uploads {
		t.Errorf("%d files, want %d", n, clients*uploads)
	}
	for _, r := range all[Refused](w) {
		t.Errorf("event %+v", r)
	}
}
