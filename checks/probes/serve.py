"""In a pod: answers every connection on a port with the pod's name. Arguments: port."""

import os
import socket
import sys

listener = socket.create_server(("", int(sys.argv[1])))
while True:
    connection, _ = listener.accept()
    with connection:
        connection.sendall(os.environ.get("HOSTNAME", "?").encode())
