"""Real embedded servers for the tests, in this process or in one that a test may kill.

As a program it starts the servers of the folder that is its argument and prints their pids as
JSON; with `supervise` as second argument it also runs two programs under the supervisor.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from app.infra.embedded import Addresses, EmbeddedServers
from app.infra.supervisor import Program, supervise

BUCKET = "probe"


def client(endpoint: str, access_key: str, secret_key: str) -> Any:
    """An S3 client that does not try again by itself."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        region_name="us-east-1",
        config=Config(
            signature_version="s3v4",
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
        ),
    )


def s3_ready(endpoint: str, access_key: str, secret_key: str) -> None:
    """A real PUT and GET, as the servers' contract wants it."""
    s3 = client(endpoint, access_key, secret_key)
    if BUCKET not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="ready", Body=b"yes")
    if s3.get_object(Bucket=BUCKET, Key="ready")["Body"].read() != b"yes":
        raise RuntimeError("read something else")


def say(message: str) -> None:
    """To where the test can read it."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


def _programs(_addresses: Addresses) -> Sequence[Program]:
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    once = [sys.executable, "-c", "import time; time.sleep(0.5); raise SystemExit(3)"]
    return [
        Program("api", sleeper, dict(os.environ), ready=lambda: True),
        Program("worker", once, dict(os.environ)),
    ]


def main(data: Path, mode: str) -> int:
    """See the module's text."""
    servers = EmbeddedServers(data, s3_ready=s3_ready, say=say)
    if mode == "supervise":
        return supervise(servers, _programs, data=data, api_url="http://localhost:1", say=say)
    try:
        servers.start()
        sys.stdout.write(json.dumps(servers.pids()) + "\n")
        sys.stdout.flush()
        time.sleep(600)
    except KeyboardInterrupt:
        servers.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "start"))
