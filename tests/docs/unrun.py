"""Blocks of commands in the documentation that no test runs: their first command, and the reason."""

UNRUN: dict[str, dict[str, str]] = {
    "README.md": {
        "./scripts/demo": ("sets up a machine with the network's packages: scripts/fresh-debian runs both"),
        "python3 -m venv ~/.u2k && ~/.u2k/bin/pip install .": (
            "needs a package index: tests/e2e/test_wheel.py installs the wheel"
        ),
    },
    "docs/how-to/batch.md": {
        "dask scheduler": "needs several machines: tests/e2e/test_batch_cluster.py starts them",
    },
    "docs/tutorial.md": {
        "python3 -m venv ~/.u2k && ~/.u2k/bin/pip install . && export PATH=~/.u2k/bin:$PATH": (
            "needs a package index: tests/e2e/test_wheel.py installs the wheel"
        ),
    },
    "docs/how-to/run.md": {
        "u2k run -p 127.0.0.1:5353:53/udp dns.u2k": (
            "needs tap devices and passt: tests/e2e/test_process_network.py runs with them"
        ),
    },
    "docs/how-to/trace.md": {
        "u2k convert --trace -e POSTGRES_PASSWORD=secret --allow-unsupported postgres:15": (
            "needs an image of postgres: tests/e2e/test_trace_entrypoints.py runs one of the corpus"
        ),
    },
    "docs/explanation/entrypoints.md": {
        "u2k convert --trace -e POSTGRES_PASSWORD=secret postgres.oci.tar": (
            "needs images of the corpus: tests/e2e/test_trace_entrypoints.py runs them"
        ),
    },
}
