#!/usr/bin/env bash
# dbt-postgres over a small project in the working directory: dbt.sh PROJECT PYTHON read|build
# DBT_PYTHON: an environment of its own, for dbt pins much of what others need in other versions.
set -euo pipefail
dbt="$(dirname "${DBT_PYTHON:-$2}")/dbt"
cp -r "$1/dbt" project
cd project
export DBT_SEND_ANONYMOUS_USAGE_STATS=false
run() { "$dbt" --no-use-colors --quiet "$@" --profiles-dir . || echo "dbt $1: ended with $?"; }
if [ "$3" = build ]; then
    run build --threads 1
    run build --threads 1
    run run --full-refresh --threads 1
    run snapshot --threads 1
    run docs generate
    run run-operation drop_all
else
    run debug
    run parse
    run list
    run compile
    run docs generate
    run show --inline "select * from {{ source('shop', 'orders') }} order by id" --limit 5
    run show --inline "select * from {{ source('shop', 'nothing') }}"
    run test --select "source:*"
    run source freshness
    run run-operation look
fi
