"""In a pod: prints for each target a line `<target> <outcome>`, all tried at once. Arguments: seconds, targets.

A target is `<host>:<port>` (reached, or blocked: by silence, a reset or an ICMP message) or `<name>` alone (found, or
unknown to the DNS).
"""

import socket
import sys
import threading

seconds = float(sys.argv[1])


def outcome(target: str) -> str:
    host, colon, port = target.partition(":")
    try:
        address = socket.gethostbyname(host)
    except OSError:
        return "unknown"
    if not colon:
        return "found"
    try:
        with socket.create_connection((address, int(port)), timeout=seconds):
            return "reached"
    except OSError:
        return "blocked"


def tell(target: str) -> None:
    # In one piece, as the others write at the same time.
    sys.stdout.write(f"{target} {outcome(target)}\n")


threads = [threading.Thread(target=tell, args=(target,)) for target in sys.argv[2:]]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
