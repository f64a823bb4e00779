# The README's two commands, each in an image that `docker build` makes from a checkout:
#   docker build -t hpo-gym . && docker run hpo-gym                                     # hpo-gym bench
#   docker build -t hpo-gym-test --build-arg EXTRAS=[test] . && docker run hpo-gym-test pytest
FROM python:3.11-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home user
USER user
WORKDIR /home/user/hpo-gym

ENV OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
ENV PATH=/home/user/venv/bin:$PATH
RUN python -m venv /home/user/venv

COPY --chown=user . .
ARG EXTRAS=
RUN pip install --no-cache-dir -e ".$EXTRAS"

CMD ["hpo-gym", "bench"]
