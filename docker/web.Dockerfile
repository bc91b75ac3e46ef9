# The web process: API, WebSocket and pages. It carries no model code.
# Build from the repository's root: docker build -f docker/web.Dockerfile -t samweb-web .

FROM node:22-slim AS pages
WORKDIR /build
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY frontend/ ./
RUN npm run build

FROM python:3.13-slim AS packages
WORKDIR /build
COPY pyproject.toml docker/requirements.py ./
RUN python -m venv /venv \
 && python requirements.py onnxruntime > requirements.txt \
 && /venv/bin/pip install --no-cache-dir --no-compile -r requirements.txt

FROM python:3.13-slim
RUN useradd --uid 10001 --create-home samweb && install -d -o samweb -g samweb /data
COPY --from=packages /venv /venv
WORKDIR /app
COPY manage.py LICENSE NOTICE ./
COPY docker/start-web.sh docker/
COPY samweb/ samweb/
COPY --from=pages /build/dist frontend/dist
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MALLOC_ARENA_MAX=2 \
    SAMWEB_DATA_DIR=/data HOST=0.0.0.0 PORT=8000
USER samweb
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["sh", "docker/start-web.sh"]
