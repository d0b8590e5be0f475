# The demo on your own machine: docker build -t pincite .
#   docker run -p 127.0.0.1:7860:7860 -e PINCITE_ALLOW_HOSTS=localhost pincite
# For others: publish the port, and name the host by which they visit it in PINCITE_ALLOW_HOSTS.
FROM python:3.11-slim
RUN useradd --create-home --uid 1000 user
USER user
WORKDIR /home/user/app
ENV PATH="/home/user/.local/bin:$PATH" GRADIO_SERVER_NAME=0.0.0.0
# PyTorch's own index has builds without CUDA: 1.8 GB installed in all, several GB less than with it.
RUN pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu 'torch>=2.6,<3'
COPY --chown=user . .
RUN pip install --no-cache-dir -e .
# The seeds are read and encoded at build time, so that the page answers as soon as it is up.
RUN python -c "import app; app.open_library().close()"
EXPOSE 7860
HEALTHCHECK CMD python -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/healthz')"
CMD ["python", "app.py"]
