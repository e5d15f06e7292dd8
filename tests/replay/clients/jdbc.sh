#!/usr/bin/env bash
# pgjdbc from Maven Central, compiled and run in the working directory: jdbc.sh SCRIPTS PORT
set -euo pipefail
mvn -q -B dependency:copy -Dartifact=org.postgresql:postgresql:42.7.14 -DoutputDirectory=.
javac -d . -cp postgresql-42.7.14.jar "$1/JdbcProbe.java"
java -cp .:postgresql-42.7.14.jar JdbcProbe "$2"
