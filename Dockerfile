# The gateway as an image: built from the lock file, run by an ordinary user, with everything it stores under /data.
#
#   docker build -t sapgw .
#   docker run -p 8080:8080 -p 127.0.0.1:8081:8081 -v sapgw-data:/data sapgw
#
# Port 8080 is for clients, 8081 for health, metrics and status: publish that one to your own machines only.
# Another configuration: docker run … -v ./gateway.yaml:/etc/sapgw/gateway.yaml sapgw serve --config /etc/sapgw/gateway.yaml

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY gateway ./gateway
RUN npm run build
RUN npm prune --omit=dev --no-audit --no-fund

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY policies ./policies
RUN mkdir -p /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8080 8081
HEALTHCHECK --interval=15s --timeout=3s --start-period=15s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8081/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/cli/sapgw.js"]
CMD ["serve", "--listen", "0.0.0.0:8080", "--admin", "0.0.0.0:8081", "--store", "lmdb:/data/store", "--secret-file", "/data/secret"]
