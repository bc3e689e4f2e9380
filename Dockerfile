# The dashboard: no TensorFlow, no MLflow, no root. The stage "mlflow" is the tracking server of compose.yaml.
# DEPLOYMENT.md says how both are run.

FROM python:3.12.12-slim-bookworm AS python

# Packages are built and installed here; neither uv nor pip's cache reaches the image that is run.
FROM python AS build
WORKDIR /app
RUN pip install --no-cache-dir uv==0.13.9 && python -m venv --without-pip .venv
COPY requirements-serve.lock ./
RUN uv pip install --no-cache --compile-bytecode --python .venv/bin/python --require-hashes -r requirements-serve.lock \
    && find .venv -type d -name tests -prune -exec rm -r {} +
COPY pyproject.toml requirements.lock README.md LICENSE ./
COPY .streamlit/config.toml .streamlit/config.toml
COPY neuroval neuroval
COPY data data
COPY model model
COPY analysis analysis
COPY dashboard dashboard
RUN uv pip install --no-cache --python .venv/bin/python --no-deps --build-constraints requirements.lock --editable . \
    && .venv/bin/python -m compileall -q data model analysis dashboard neuroval/__init__.py

FROM python AS mlflow
WORKDIR /mlflow
RUN pip install --no-cache-dir uv==0.13.9
COPY requirements-mlflow.lock ./
RUN uv pip install --no-cache --system --require-hashes -r requirements-mlflow.lock \
    && useradd --uid 1000 --create-home mlflow \
    && install -d -o mlflow -g mlflow /artifacts
USER 1000
ENV MLFLOW_DISABLE_TELEMETRY=true
VOLUME /artifacts
EXPOSE 5000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:5000/health', timeout=4)"]
CMD ["mlflow", "server", "--host", "0.0.0.0", "--port", "5000", "--artifacts-destination", "/artifacts"]

FROM python AS app
RUN useradd --uid 1000 --create-home neuroval && install -d -o neuroval -g neuroval /data /data/images
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH NEUROVAL_HOME=/data
WORKDIR /app
USER 1000
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["neuroval", "serve", "--address", "0.0.0.0", "--port", "8501", "--no-browser"]
