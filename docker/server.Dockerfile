# The pages' scripts and styles.
FROM node:22-bookworm-slim AS pages
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web ./
RUN npm run build

FROM python:3.13-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends ffmpeg espeak-ng \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 60917 --user-group --no-create-home --home-dir /nonexistent callcenter \
    && install -d -o 60917 -g 60917 -m 0700 /var/lib/callcenter/data /var/lib/callcenter/asterisk
WORKDIR /app
COPY pyproject.toml ./
COPY callcenter callcenter
COPY asterisk_conf asterisk_conf
COPY dialplan dialplan
COPY ivr_prompts ivr_prompts
COPY docker/healthy.py docker/healthy.py
COPY web web
COPY --from=pages /src/web/static/build web/static/build
# Editable: templates stand beside the package, not in it.
RUN pip install --no-cache-dir -e .
USER 60917:60917
VOLUME /var/lib/callcenter/data /var/lib/callcenter/asterisk
CMD ["python", "-m", "callcenter", "serve"]
