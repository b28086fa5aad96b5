"""In a pod: prints `<status> <final address>` of a URL over verified TLS, or `unverified <why>`, or `error <why>`.

Arguments: URL, and a CA file; without the file the pod's own authorities are trusted.
"""

import ssl
import sys
import urllib.error
import urllib.request

trust = ssl.create_default_context(cafile=sys.argv[2] if len(sys.argv) > 2 else None)
try:
    with urllib.request.urlopen(sys.argv[1], context=trust, timeout=10) as answer:
        print(answer.status, answer.url)
except urllib.error.HTTPError as error:
    print(error.code, error.url)
except urllib.error.URLError as error:
    print("unverified" if isinstance(error.reason, ssl.SSLCertVerificationError) else "error", error.reason)
