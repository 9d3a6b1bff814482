# The image holds the static binary, certificates and nothing else: no shell, no package manager.
# To pin the bases by content, replace each tag with tag@sha256:…, as `docker buildx imagetools inspect TAG` prints it.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
# With .git, from which Go takes the version that `bot version` prints.
COPY . .
ARG TARGETOS
ARG TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags "-s -w" -o /out/bot ./cmd/bot \
    && mkdir -p /out/state

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/bot /usr/local/bin/bot
COPY LICENSE NOTICE /usr/share/doc/onboard-defender/
# A volume takes over owner and mode of the folder it covers. Nothing else is written to: run it read-only.
COPY --from=build --chown=65532:65532 --chmod=0700 /out/state /var/lib/onboard-defender
VOLUME /var/lib/onboard-defender
# In a container loopback reaches nobody. The admin address has no authentication: publish 8081 to private networks only.
ENV STATE_DIR=/var/lib/onboard-defender \
    LISTEN_ADDR=:8080 \
    ADMIN_ADDR=:8081
EXPOSE 8080 8081
USER 65532:65532
# No HEALTHCHECK: there is no program in the image to ask with. Ask GET /healthz and /readyz on port 8081 from outside.
ENTRYPOINT ["/usr/local/bin/bot"]
CMD ["serve"]
