# A worker: embeddings, exports, unpacking. More containers are more workers.
# Build from the repository's root: docker build -f docker/worker.Dockerfile -t samweb-worker .
# For an NVIDIA card: --build-arg ONNXRUNTIME="onnxruntime-gpu[cuda,cudnn]"

FROM python:3.13-slim AS packages
ARG ONNXRUNTIME="onnxruntime>=1.31,<2"
WORKDIR /build
COPY pyproject.toml docker/requirements.py ./
RUN python -m venv /venv \
 && python requirements.py onnxruntime > requirements.txt \
 && /venv/bin/pip install --no-cache-dir --no-compile -r requirements.txt "$ONNXRUNTIME"

FROM python:3.13-slim
RUN useradd --uid 10001 --create-home samweb && install -d -o samweb -g samweb /data
COPY --from=packages /venv /venv
WORKDIR /app
COPY manage.py LICENSE NOTICE ./
COPY docker/worker_health.py docker/
COPY samweb/ samweb/
COPY workers/ workers/
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MALLOC_ARENA_MAX=2 \
    SAMWEB_DATA_DIR=/data
USER samweb
VOLUME /data
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["python", "docker/worker_health.py"]
CMD ["python", "-m", "workers"]
