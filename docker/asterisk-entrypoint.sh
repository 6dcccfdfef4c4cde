#!/bin/sh
# Waits for the configuration that the server writes, then becomes Asterisk.
set -eu
dir=${CALLCENTER_ASTERISK_DIR:-/var/lib/callcenter/asterisk}
conf=$dir/etc/asterisk.conf
# The last file that the server writes is not known here; each is whole, and all are there within a moment of the first.
while [ ! -s "$conf" ] || [ ! -s "$dir/etc/extensions.conf" ] || [ ! -s "$dir/etc/queues.conf" ]; do
  echo "waiting for the server to write $dir/etc"
  sleep 2
done
rm -f "$dir/run/asterisk.ctl" "$dir/run/asterisk.pid"
exec asterisk -f -n -C "$conf"
