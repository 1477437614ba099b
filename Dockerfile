# One image for every process of the product: api, stream, worker, beat and the migrations differ in their command only.
FROM python:3.13-slim AS build
WORKDIR /build
COPY requirements.txt requirements-fast.txt ./
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check -r requirements.txt \
 && (/venv/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary=:all: -r requirements-fast.txt \
     || echo "the fast wheels do not exist for this platform: statistics are read a little slower")

FROM python:3.13-slim
RUN useradd --system --user-group --no-create-home --shell /usr/sbin/nologin campaignwizard \
 && install -d -o campaignwizard -g campaignwizard /var/lib/campaignwizard
COPY --from=build /venv /venv
WORKDIR /app
COPY config.py ./
COPY backend backend
COPY migrations migrations
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 APP_ENV=production API_HOST=0.0.0.0
USER campaignwizard
EXPOSE 8000 8001
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s CMD \
  ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=2)"]
CMD ["gunicorn", "-c", "backend/gunicorn.py", "backend.app:create_app()"]
