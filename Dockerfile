# The image of all three processes: web, worker and beat differ only in their command.
FROM python:3.12-slim AS build
WORKDIR /build
COPY requirements.txt .
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --requirement requirements.txt
COPY requirements-build.txt .
RUN python -m venv /tools \
 && /tools/bin/pip install --no-cache-dir --disable-pip-version-check --requirement requirements-build.txt
# The command upgradecheck as a package, and what it needs with hashes: the app serves both at /dist/.
COPY pyproject.toml LICENSE ./
COPY docs/upgradecheck.md docs/
COPY planner planner
RUN /tools/bin/hatchling build --target wheel --directory dist \
 && /tools/bin/uv pip compile pyproject.toml --python-version 3.11 --universal --generate-hashes --no-header \
      --no-annotate --constraint requirements.txt --output-file dist/dependencies.txt --quiet --no-cache

FROM python:3.12-slim
# git reads the repositories that rescans look at.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin flightplan \
 && install --directory --owner flightplan --group flightplan --mode 0700 /data
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    HOST=0.0.0.0 \
    PORT=8000
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
COPY --from=build /build/dist /app/dist
USER flightplan
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
CMD ["gunicorn"]
