"""In a pod: prints `connected <answer>`, or `refused` or `timeout`. Arguments: address, port, seconds."""

import socket
import sys

host, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
try:
    with socket.create_connection((host, port), timeout=seconds) as connection:
        print("connected", connection.recv(100).decode())
except TimeoutError:
    print("timeout")
except ConnectionRefusedError:
    print("refused")
except OSError as error:
    # NetworkPolicy may answer with an ICMP message instead of silence.
    print("refused" if error.errno in {101, 111, 113} else f"error {error}")
