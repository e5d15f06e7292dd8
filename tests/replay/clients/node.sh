#!/usr/bin/env bash
# A script with its packages from npm, in the working directory: node.sh SCRIPTS NAME
set -euo pipefail
cp "$1/package.json" "$1/$2" .
npm install --silent --no-audit --no-fund
node "$2"
