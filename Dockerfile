# syntax=docker/dockerfile:1
# The operator's image. `docker build -t vmoperator .` fetches the base and the packages; behind a
# fence give a base by --build-arg BASE=..., lay the wheels of image/requirements.lock and of
# image/build.lock into image/wheels, and add --build-arg PIP_OPTIONS=--no-index.
ARG BASE=docker.io/library/python:3.13-slim-trixie

FROM ${BASE} AS build
ARG PIP_OPTIONS=""
WORKDIR /build
COPY image/ image/
COPY pyproject.toml README.md LICENSE ./
COPY src/ src/
# pip is run from its own wheel where the base has none; every package is checked by its hash, and
# so is what builds the operator's own.
RUN set -eu; \
    pip="python3 -m pip"; \
    python3 -m pip --version >/dev/null 2>&1 || pip="python3 $(ls image/wheels/pip-*.whl)/pip"; \
    to="--no-cache-dir --disable-pip-version-check --root-user-action ignore $PIP_OPTIONS --find-links image/wheels"; \
    $pip install $to --only-binary :all: --require-hashes --target /build/tools -r image/build.lock; \
    $pip install $to --only-binary :all: --require-hashes --no-compile --target /opt/vmoperator \
      -r image/requirements.lock; \
    PYTHONPATH=/build/tools python3 -m pip install $to --no-build-isolation --no-deps --no-compile \
      --upgrade --target /opt/vmoperator .; \
    rm -rf /opt/vmoperator/bin; \
    python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/vmoperator

FROM ${BASE}
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="vmoperator" \
      org.opencontainers.image.description="A Kubernetes operator that runs VictoriaMetrics" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/vmoperator /opt/vmoperator
COPY LICENSE /licenses/LICENSE
ENV PYTHONPATH=/opt/vmoperator PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONSAFEPATH=1
# glibc keeps what was freed for each thread, and more the larger it was; it is to give it back.
ENV MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072
USER 65532:65532
ENTRYPOINT ["python3", "-m", "vmoperator"]
CMD ["run", "--log-format=json"]
