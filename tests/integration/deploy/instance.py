"""An instance with real services and small stand-ins for the components: `python -m ... HOME [WORKER_CODE]`.

Prints one line when it runs. Used by the tests of the supervisor, which need a parent they can kill.
"""

from __future__ import annotations

import sys
from pathlib import Path

from deploy.cli.running import stop_on_signals
from deploy.local.supervisor import ComponentSpec, Stopped, Supervisor
from taskstream.errors import TaskstreamError
from taskstream.settings import load

SERVES = """
import os, signal, time
from taskstream.metrics import serve
serve(int(os.environ["TASKSTREAM_METRICS_PORT"]))
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
print("kafka at", os.environ["TASKSTREAM_KAFKA"], flush=True)
time.sleep(600)
"""


def main(home: Path, worker: str = SERVES) -> int:
    """Run until told to stop."""
    components = (
        ComponentSpec("worker", (), needs_clickhouse=False, program=(sys.executable, "-c", worker)),
        ComponentSpec("sink", (), program=(sys.executable, "-c", SERVES)),
    )
    settings = load(home=home, kafka_heap_mb=256)
    supervisor = Supervisor(settings, components=components, restart_limit=3, on_news=print)
    with stop_on_signals(supervisor.stop_requested):
        try:
            supervisor.start()
            supervisor.await_ready()
            print("running", flush=True)
            supervisor.run()
        except Stopped:
            print("stopped early", flush=True)
        except TaskstreamError as error:
            print(f"error: {error}", flush=True)
            return error.exit_code
        finally:
            supervisor.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
