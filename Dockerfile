# The room in a container: installed from the lock, by hash, and run by an ordinary user.
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/opsroom
ENV PATH=/opt/opsroom/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements/ requirements/
RUN pip install --require-hashes -r requirements/postgresql.lock -r requirements/build.lock
COPY pyproject.toml LICENSE ./
COPY opsroom/ opsroom/
COPY ingest/ ingest/
COPY dashboards/ dashboards/
RUN pip install --no-deps --no-index --no-build-isolation .

FROM python:3.13-slim-bookworm
RUN useradd --uid 10001 --no-create-home --home-dir /var/lib/opsroom opsroom \
  && install --directory --owner opsroom --group opsroom --mode 0700 /var/lib/opsroom
COPY --from=build /opt/opsroom /opt/opsroom
# Compiled kernels are kept beside the store, so that a restart does not compile them again.
ENV PATH=/opt/opsroom/bin:$PATH PYTHONUNBUFFERED=1 NUMBA_CACHE_DIR=/var/lib/opsroom/.numba
USER opsroom
WORKDIR /var/lib/opsroom
VOLUME /var/lib/opsroom
EXPOSE 8040
# The certificate is the room's own and the question stays inside the container, so it is not verified.
HEALTHCHECK --interval=10s --timeout=4s --start-period=60s CMD ["python", "-c", \
  "import ssl, urllib.request as u; u.urlopen('https://127.0.0.1:8040/-/healthy', timeout=3, context=ssl._create_unverified_context())"]
ENTRYPOINT ["opsroom"]
CMD ["serve", "--host", "0.0.0.0", "--tls", "self-signed"]
