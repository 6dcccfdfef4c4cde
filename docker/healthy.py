"""The container's health: the server's own ``/healthz`` says that it, the database and Asterisk are well."""

import os
import sys
import urllib.error
import urllib.request

port = os.environ.get("CALLCENTER_HTTP_PORT") or "8080"
try:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=4) as answer:
        sys.exit(0 if answer.status == 200 else 1)
except (urllib.error.URLError, OSError) as error:
    sys.exit(f"not healthy: {error}")
