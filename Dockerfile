# u2k as an image:  docker build -t u2k .
#   docker run --rm -v "$PWD:/work" -v u2k-cache:/home/u2k/.cache u2k convert IMAGE
# BASE: any Debian-like image with python3 >= 3.11 and its venv module.
ARG BASE=python:3.12-slim-bookworm
FROM ${BASE}

COPY . /tmp/source
RUN python3 -m venv /opt/u2k \
 && /opt/u2k/bin/pip install --no-cache-dir --disable-pip-version-check /tmp/source \
 && rm -rf /tmp/source \
 && useradd --uid 1000 --create-home --shell /usr/sbin/nologin u2k \
 && mkdir -p /work /home/u2k/.cache \
 && chown u2k: /work /home/u2k/.cache

USER u2k
ENV HOME=/home/u2k PATH=/opt/u2k/bin:/usr/local/bin:/usr/bin:/bin
# Blobs, the compiled library OS and zig's own cache: worth keeping between runs.
VOLUME ["/home/u2k/.cache"]
WORKDIR /work
ENTRYPOINT ["u2k"]
CMD ["--help"]
