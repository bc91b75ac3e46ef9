#!/bin/sh
# What the web container runs: bring the database up to date, see to an admin, serve.
# One web container migrates at a time: start more of them when the first is healthy.
set -e
python manage.py migrate --noinput --verbosity 0
python manage.py first_run
if [ "${SAMWEB_DEMO:-0}" = 1 ]; then python manage.py demo; fi
exec python -m uvicorn samweb.config.asgi:application --host "$HOST" --port "$PORT" \
  --log-level warning --timeout-graceful-shutdown 10 --no-server-header --ws-max-size 65536
