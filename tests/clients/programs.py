"""Programs that a machine may lack, and what the tests of Java's drivers need before Java can run.

Without a program its tests are skipped, and say so; in CI they fail.
"""

import os
import pathlib
import shutil
import subprocess

import pytest

PGJDBC = "org.postgresql:postgresql:42.7.14"
FLIGHT = "org.apache.arrow:flight-sql-jdbc-driver:18.3.0"
JAVA = pathlib.Path(__file__).parent / "java"
INSTALL_SECONDS_MAX = 300


def required(program, subject):
    """Its path; `subject` is what nothing is shown about without it."""
    found = shutil.which(program)
    if found is None:
        reason = f"{program} is not installed: NOTHING was shown about {subject}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return found


def java_with_pgjdbc(directory, *sources):
    return java_with(PGJDBC, directory, *sources)


def java_with(driver, directory, *sources):
    """Java, and a class path in `directory`: the driver, by Maven, and these sources, compiled."""
    java, javac, maven = (required(program, "JDBC") for program in ("java", "javac", "mvn"))
    copy = [maven, "-q", "-B", "dependency:copy", f"-Dartifact={driver}"]
    subprocess.run(
        [*copy, f"-DoutputDirectory={directory}"],
        cwd=directory, check=True, timeout=INSTALL_SECONDS_MAX,
    )
    jars = class_path(directory)
    subprocess.run([javac, "-d", directory, "-cp", jars, *sources], check=True)
    return java, jars


def class_path(directory):
    return ":".join(map(str, [directory, *directory.glob("*.jar")]))
