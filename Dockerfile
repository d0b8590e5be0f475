# The demo on your own machine, with a read-only root:
#   docker build -t pincite . && docker run --read-only --tmpfs /tmp -p 127.0.0.1:7860:7860 pincite
# For others: publish the port, and name the host by which they visit it in PINCITE_ALLOW_HOSTS. `pincite publish` writes
# such a file for a library of yours; see docs/sharing.md.
FROM python:3.12-slim AS builder
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/pincite
# PyTorch's own index has builds without CUDA: 1.8 GB installed in all, several GB less than with it.
RUN /opt/pincite/bin/pip install --index-url https://download.pytorch.org/whl/cpu 'torch>=2.6,<3'
WORKDIR /srv/pincite
COPY . .
RUN /opt/pincite/bin/pip install .
# The seeds are read and encoded at build time, so that the page answers as soon as it is up. Tantivy's files are readable
# by their owner only.
RUN PINCITE_LIBRARY=/srv/library /opt/pincite/bin/python -c "import app; app.open_library().close()" \
    && chmod -R a+rX /srv/library

FROM python:3.12-slim
# Recognises the words in pictures and scans; for other languages, add their packages: tesseract-ocr-ita, -pol …
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends tesseract-ocr tesseract-ocr-eng tesseract-ocr-osd tesseract-ocr-deu \
        tesseract-ocr-fra tesseract-ocr-spa tesseract-ocr-rus \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 1000 --no-create-home pincite
COPY --from=builder /opt/pincite /opt/pincite
COPY --from=builder /srv/library /srv/library
WORKDIR /srv/pincite
COPY app.py .
COPY seeds seeds
ENV PATH=/opt/pincite/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1 PINCITE_LIBRARY=/srv/library GRADIO_SERVER_NAME=0.0.0.0
USER 1000:1000
EXPOSE 7860
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=2m --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
CMD ["python", "app.py"]
