# The image is built from the wheel that a release would ship, not from the source tree.
#   docker build -t opensqt-connector .
# There are no client keys yet, so publish the port on loopback alone.
#   docker run --rm -p 127.0.0.1:50051:50051 opensqt-connector                     embedded exchange
#   docker run --rm -p 127.0.0.1:50051:50051 -e EXCHANGE=bybit opensqt-connector   a real one

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
COPY --from=build /dist /tmp/dist
RUN pip install --no-cache-dir --no-index --no-deps /tmp/dist/*.whl

RUN useradd --system --create-home --uid 10001 connector
USER connector
WORKDIR /home/connector
EXPOSE 50051
# No shell between: SIGTERM reaches the connector, which ends its streams before it leaves.
ENTRYPOINT ["connector"]
# Loopback would be reachable from inside the container only. Everything else is default, or the
# environment (EXCHANGE, API_KEY, …); arguments of `docker run` take this line's place.
CMD ["serve", "--host", "0.0.0.0"]
