"""The other side of the interoperability tests: Debian's python3-dirq. ROLE TYPE QUEUE COUNT [ID]"""

import json
import sys
import time

from dirq.QueueSimple import QueueSimple
from dirq.queue import Queue

SCHEMA = {"header": "table", "text": "string?", "binary": "binary?"}
# of APEL SSM 4: what ssm2.py calls QSCHEMA
SSM_SCHEMA = {"body": "string", "signer": "string", "empaid": "string?"}


def opened(kind, path):
    if kind in ("DQS", "RAW"):
        return QueueSimple(path)
    return Queue(path, schema=SSM_SCHEMA if kind == "SSM" else SCHEMA)


def produce(kind, path, count, ident):
    queue = opened(kind, path)
    for number in range(int(count)):
        header = {"n": "%s-%d" % (ident, number), "odd": "tab\t, line\n, back\\slash, \u017elu\u0165"}
        if kind == "RAW":
            queue.add("t\u011blo %s-%d" % (ident, number))
        elif kind == "SSM":
            optional = {"empaid": str(number)} if number % 2 == 0 else {}
            queue.add({"body": "t\u011blo %d" % number, "signer": "/CN=%s" % ident, **optional})
        elif kind == "DQS":
            queue.add(json.dumps({"header": header, "body": "t\u011blo %d" % number, "text": True}))
        else:
            queue.add({"header": header, "text": "t\u011blo %d" % number})


def consume(kind, path, count, _ident):
    """Prints one JSON line a message; ends after so many, or when nothing comes for 5 s."""
    queue = opened(kind, path)
    left = int(count)
    quiet = time.time() + 5
    while left > 0 and time.time() < quiet:
        for name in queue:
            if not queue.lock(name):
                continue
            data = queue.get(name)
            if kind == "RAW":
                data = {"raw": data.decode("latin-1")}
            elif kind == "DQS":
                data = json.loads(data.decode("utf-8"))
            else:
                data = {key: value.decode("latin-1") if isinstance(value, bytes) else value for key, value in data.items()}
            queue.remove(name)
            print(json.dumps(data), flush=True)
            left -= 1
            quiet = time.time() + 5
        # python3-dirq 1.8 purges DQN's temporary folders whatever their age, and dies of those in use
        if kind in ("DQS", "RAW"):
            queue.purge()
        time.sleep(0.01)


ROLES = {"produce": produce, "consume": consume}
ROLES[sys.argv[1]](*(sys.argv[2:6] + [""])[:4])
