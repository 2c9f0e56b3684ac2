#!/bin/bash
# Writes a row on the primary that nobody can have seen before.
#
# Inputs:  directory, node, postgresql, address, port, application_password (hidden)
# Outputs: token   what the row says
# Run again: writes another row.
set -euo pipefail
token=$(date +%s)-$RANDOM$RANDOM

export PGHOST=$address PGPORT=$port PGDATABASE=app PGUSER=app PGPASSWORD=$application_password
"$node" "$directory/client.mjs" sql 'CREATE TABLE IF NOT EXISTS proof (token text PRIMARY KEY, written timestamptz DEFAULT now())'
"$node" "$directory/client.mjs" sql 'INSERT INTO proof (token) VALUES ($1)' "$token"
printf %s "$token" >"${heat_outputs_path}.token"
echo "Wrote the row $token."
