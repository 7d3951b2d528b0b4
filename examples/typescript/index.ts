// A log platform in a program of your own: docs/how-to/use-from-another-program.md
// The arguments are the keys of a stack file: docs/reference/stack-file.md
import * as pulumi from "@pulumi/pulumi";
import * as logstack from "@pulumi/logstack";

const config = new pulumi.Config();

const logs = new logstack.LogStack("logs", {
    cluster: { name: "dev", context: "kind-kind", singleNode: true, createNamespace: true },
    deploymentMode: "monolithic",
    replicas: { monolithic: 1 },
    replicationFactor: 1,
    gateway: { replicas: 1 },
    size: "extra-small",
    retention: "2d",
    schemaPeriods: [{ from: "2024-04-01", store: "tsdb", schema: "v13" }],
    objectStore: { kind: "embedded", bucket: "loki-dev", size: "5Gi" },
    acknowledge: ["api-server-not-checked"],
    // pulumi config set --secret accessKeyId, and the same for secretAccessKey
    accessKeyId: config.requireSecret("accessKeyId"),
    secretAccessKey: config.requireSecret("secretAccessKey"),
});

export const pushUrl = logs.pushUrl;
export const queryUrl = logs.queryUrl;
