"""A pyftpdlib server: HOST PORT ROOT [handler attribute=value ...]."""

import ast
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, PassiveDTP
from pyftpdlib.servers import ThreadedFTPServer


class Listener(PassiveDTP):
    """A listener that another thread's file does not end.

    Over IPv6 pyftpdlib 1.5.7 closes a socket before it takes its number off
    epoll. Where another session has just opened a file that got the number, epoll
    answers EPERM, and the client of this one is hung up on.
    """

    def del_channel(self, *args, **kwargs):
        try:
            super().del_channel(*args, **kwargs)
        except PermissionError:
            pass


class Handler(FTPHandler):
    auth_failed_timeout = 0
    passive_dtp = Listener


def value(text):
    """Reads a literal, or a range of ports: range(first, end)."""
    if text.startswith("range"):
        return range(*ast.literal_eval(text[len("range"):]))
    return ast.literal_eval(text)


host, port, root, *attributes = sys.argv[1:]
for attribute in attributes:
    name, _, text = attribute.partition("=")
    setattr(Handler, name.strip(), value(text.strip()))

authorizer = DummyAuthorizer()
authorizer.add_anonymous(root, perm="elradfmwMT")
Handler.authorizer = authorizer

server = ThreadedFTPServer((host, int(port)), Handler)
server.max_cons = 0
server.max_cons_per_ip = 0
server.serve_forever(handle_exit=False)
