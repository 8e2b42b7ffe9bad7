# stompctl in a container: docker build --tag stompctl .
#
#   docker run --rm --volume ./sender.yaml:/etc/stompctl/stompctl.yaml:ro --volume queues:/var/spool/stompctl stompctl
#
# The configuration says pidfile = /run/stompctl/stompctl.pid, so that the health check finds the run.

FROM node:22-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build

FROM node:22-bookworm-slim
# The folder has all that the command needs; nothing is installed.
COPY --from=build /src/dist/stompctl /usr/lib/stompctl
RUN ln -s /usr/lib/stompctl/stompctl.js /usr/local/bin/stompctl \
    && groupadd --system --gid 861 stompctl \
    && useradd --system --uid 861 --gid 861 --no-create-home --home-dir /var/spool/stompctl stompctl \
    && install -d -m 2770 -o stompctl -g stompctl /var/spool/stompctl \
    && install -d -m 755 -o stompctl -g stompctl /run/stompctl \
    && install -d -m 750 -o root -g stompctl /etc/stompctl
USER 861:861
WORKDIR /var/spool/stompctl
VOLUME /var/spool/stompctl
# PID 1 is the command itself: it hears SIGTERM and drains. It starts no process that it does not wait for.
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/usr/lib/stompctl/stompctl.js"]
CMD ["run", "--config", "/etc/stompctl/stompctl.yaml"]
# Not healthy is a run that is stuck, for a minute and a half.
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s --retries=3 \
    CMD ["stompctl", "status", "--pidfile", "/run/stompctl/stompctl.pid"]
