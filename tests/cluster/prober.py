"""Asks the Services of a VMCluster again and again, each time by a new connection.

Run inside the cluster's network: `prober.py HOST...`, where each HOST is `name:port/path`; prints
a JSON line for each answer and ends when its standard input does.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import urllib.request

PAUSE_SECONDS = 0.1
TIMEOUT_SECONDS = 2.0


def ask(url: str) -> str:
    """Nothing if it answers, else why not."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310  # ours
            answer.read()
    except OSError as error:
        return f"{type(error).__name__}: {error}"
    return ""


def keep_asking(url: str, ended: threading.Event) -> None:
    """One line for each answer."""
    while not ended.is_set():
        at = time.time()
        wrong = ask(url)
        line = {"at": at, "url": url, "wrong": wrong, "seconds": time.time() - at}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        ended.wait(PAUSE_SECONDS)


def main() -> None:
    """Ask all URLs side by side until nobody listens any more."""
    ended = threading.Event()
    for url in sys.argv[1:]:
        threading.Thread(target=keep_asking, args=(url, ended), daemon=True).start()
    sys.stdin.read()
    ended.set()


if __name__ == "__main__":
    main()
