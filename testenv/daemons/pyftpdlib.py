"""A pyftpdlib server: HOST PORT ROOT [handler attribute=value ...]."""

import ast
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import ThreadedFTPServer


class Handler(FTPHandler):
    auth_failed_timeout = 0


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
