"""`--engine spark`, in this process and against a Spark Connect server; and what is said without Spark."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from plumbline.cli.engines import engine_of
from plumbline.engine import Engine
from tests.cli.small import Run
from tests.sparks import MARKS, opened_small

MODEL = "honour-despite-offence"
#: How long a server may take to listen, on a machine that has other work.
PATIENCE = 300


def test_without_spark_it_is_said_what_to_do(
    plumb: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    said = plumb("check", MODEL, "--engine", "spark", code=2).stderr
    assert "Spark 要 Java 17 或更新的版本，本机没有 Java" in said
    assert "openjdk-17-jre-headless" in said
    said = plumb("check", MODEL, "--engine", "spark", lang="en", code=2).stderr
    assert "Spark needs Java 17 or newer; this machine has none" in said
    assert "--engine duckdb" in said


def test_an_address_is_read_before_it_is_called(plumb: Run) -> None:
    said = plumb("check", MODEL, "--spark", "spark://somewhere:7077", lang="en", code=2).stderr
    assert "'spark://somewhere:7077' is no address of Spark" in said
    assert "sc://host:15002" in said


def test_settings_choose_the_engine_and_options_go_before(office: Path, plumb: Run) -> None:
    settings = office / "plumbline.toml"
    settings.write_text(settings.read_text() + '\n[engine]\nuse = "flink"\n')
    said = plumb("collide", lang="en", code=2).stderr
    assert "[engine] use cannot be 'flink'" in said
    assert "write duckdb or spark" in said
    cluster = Engine("spark", "sc://cluster", "s3a://bucket/store")
    assert engine_of(cluster, None, None) == cluster
    assert engine_of(cluster, "duckdb", None).name == "duckdb"
    assert engine_of(Engine(), None, "sc://other") == Engine("spark", "sc://other")


@pytest.fixture(scope="module")
def spark_is_here() -> Iterator[None]:
    """Spark is here at all."""
    for _ in opened_small():
        yield


@pytest.fixture(scope="module")
def server(
    spark_is_here: None,  # noqa: ARG001 -- asked for its effect
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The Spark Connect server that comes with pyspark, on this machine alone."""
    import pyspark  # noqa: PLC0415 -- there only where `spark_is_here` passed

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        # Both, or the classes of a session are looked for at the other address.
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    }
    home = Path(str(pyspark.__file__)).parent
    log = tmp_path_factory.mktemp("connect") / "server.log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [home / "bin" / "spark-submit", "--master", "local[2]", "--driver-memory", "1g",
             *(part for item in settings.items() for part in ("--conf", "=".join(item))),
             "--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"],
            stdout=said, stderr=said, cwd=log.parent,
            env={**os.environ, "SPARK_HOME": str(home), "PYSPARK_PYTHON": sys.executable},
        )  # fmt: skip
    try:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.5)
        yield f"sc://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


def found(run: Run, *options: str) -> dict[str, object]:
    accept = f"{MODEL}=小样"
    said = json.loads(run("collide", MODEL, "--accept", accept, "--json", *options).stdout)
    (model,) = said["models"]
    return {**model, "registers": said["registers"]}


class TestWithSpark:
    pytestmark = MARKS

    @pytest.mark.usefixtures("spark_is_here")
    def test_a_run_in_this_process_changes_no_warning(self, after: tuple[Path, Run]) -> None:
        _, run = after
        self.same(run, "--engine", "spark")

    def test_nor_does_one_on_a_server(self, server: str, after: tuple[Path, Run]) -> None:
        _, run = after
        self.same(run, "--spark", server)
        assert re.search(r"spark 4\.\d", run("runs").stdout)

    def test_cases_run_on_a_server(self, server: str, plumb: Run) -> None:
        said = plumb("check", MODEL, "barred-supplier", "--spark", server, lang="en").stdout
        assert "2 of 2 models pass" in said

    @pytest.mark.usefixtures("spark_is_here")
    def test_a_server_that_is_not_there_is_told_at_once(self, plumb: Run) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        said = plumb("check", MODEL, "--spark", f"sc://127.0.0.1:{port}", lang="en", code=2).stderr
        assert "Spark cannot be reached" in said

    def same(self, run: Run, *options: str) -> None:
        on_spark = found(run, *options)
        assert on_spark["flagged_rows"]
        registers = on_spark["registers"]
        assert isinstance(registers, dict)
        for changed in registers.values():
            assert not any(changed.get(what) for what in ("raised", "changed", "withdrawn"))
