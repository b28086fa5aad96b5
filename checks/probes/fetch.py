"""In a pod: prints the status of https://NAME/ over verified TLS, or `unverified <why>`, or `error <why>`.

Arguments: name, and a CA file; without the file the pod's own authorities are trusted. By sockets alone, as the image's
Python is a minimal one.
"""

import socket
import ssl
import sys

name = sys.argv[1]
trust = ssl.create_default_context(cafile=sys.argv[2] if len(sys.argv) > 2 else None)
try:
    with (
        socket.create_connection((name, 443), timeout=10) as plain,
        trust.wrap_socket(plain, server_hostname=name) as tls,
    ):
        tls.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        print(tls.makefile("rb").readline().split()[1].decode())
except ssl.SSLCertVerificationError as error:
    print("unverified", error.verify_message)
except OSError as error:
    print("error", error)
