# The image is built from the wheel that a release would ship, not from the source tree.
#   docker build -t opensqt-connector .
# It listens on loopback, so that who runs it without keys doesn't open an account to a network:
#   docker run --rm --network host opensqt-connector                     the embedded exchange
#   docker run --rm --network host -e EXCHANGE=bybit opensqt-connector   a real one
# For a network give it keys, and TLS or --insecure (docs/security.md; compose.yaml shows how).

FROM python:3.11-slim AS build
WORKDIR /src
COPY requirements-build.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY connector connector
COPY generated generated
# The build backend is there already, by hash: no isolated environment, nothing unpinned.
RUN pip wheel --no-cache-dir --no-build-isolation --no-deps --wheel-dir /dist .

FROM python:3.11-slim
# The dependencies change seldom: a layer of their own, before the wheel.
COPY requirements.lock /tmp/
RUN pip install --no-cache-dir --require-hashes -r /tmp/requirements.lock
# What must survive a restart is in /state alone: the rest may be mounted read-only.
COPY --from=build /dist /tmp/dist
RUN pip install --no-cache-dir --no-index --no-deps /tmp/dist/*.whl \
    && useradd --system --uid 10001 --home-dir /state --create-home connector
USER 10001
WORKDIR /state
VOLUME /state
ENV CONNECTOR_STATE__PATH=/state/orders.sqlite3 PYTHONDONTWRITEBYTECODE=1
EXPOSE 50051 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["connector", "health"]
# No shell between: SIGTERM reaches the connector, which ends its streams before it leaves.
ENTRYPOINT ["connector"]
# Everything else is default, or the environment (EXCHANGE, API_KEY, …); arguments of `docker run`
# take this line's place.
CMD ["serve"]
