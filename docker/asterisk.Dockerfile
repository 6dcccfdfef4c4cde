# Asterisk 22 (LTS) of Debian forky. Its configuration comes from the server, through the shared folder.
FROM debian:forky-slim

RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        asterisk asterisk-core-sounds-en-gsm asterisk-core-sounds-ru-gsm asterisk-moh-opsound-gsm ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    # The modules' folder is named after the machine's kind; the configuration names it alike everywhere.
    && if [ ! -e /usr/lib/asterisk/modules ]; then \
         mkdir -p /usr/lib/asterisk && ln -s /usr/lib/*-linux-gnu*/asterisk/modules /usr/lib/asterisk/modules; \
       fi \
    # The same number in both images, so that each can read what the other writes.
    && useradd --uid 60917 --user-group --no-create-home --home-dir /nonexistent callcenter \
    && install -d -o 60917 -g 60917 -m 0700 /var/lib/callcenter/asterisk

COPY docker/asterisk-entrypoint.sh /usr/local/bin/asterisk-entrypoint
USER 60917:60917
VOLUME /var/lib/callcenter/asterisk
ENTRYPOINT ["/bin/sh", "/usr/local/bin/asterisk-entrypoint"]
