// SPDX-License-Identifier: MIT
// Run by 40_asserts.sh on what the chart renders: TOLLGATE_RENDERED/VALUES/objects.yaml.
import assert from "node:assert/strict";
import fs from "node:fs";
import {createRequire} from "node:module";
import path from "node:path";
import {describe, test} from "node:test";

const require = createRequire(path.join(path.resolve(process.env.NODE_MODULES), "index.js"));
const {parse, parseAllDocuments} = require("yaml");
const rendered = process.env.TOLLGATE_RENDERED;
const chart = process.env.TOLLGATE_CHART;

const objectsOf = (values) =>
  parseAllDocuments(fs.readFileSync(path.join(rendered, values, "objects.yaml"), "utf8"))
    .map((document) => document.toJS()).filter((object) => object !== null);
const one = (objects, kind) => {
  const found = objects.filter((object) => object.kind === kind);
  assert.equal(found.length, 1, kind);
  return found[0];
};
const dataOf = (objects, key) =>
  objects.find((object) => object.kind === "ConfigMap" && key in object.data)?.data[key];
const valuesOf = (name) => parse(fs.readFileSync(path.join(chart, "ci", name), "utf8"));

for (const name of fs.readdirSync(rendered)) {
  const objects = objectsOf(name);
  const values = valuesOf(name);
  const pod = one(objects, "DaemonSet").spec.template.spec;
  const containers = [...pod.containers, ...(pod.initContainers ?? [])];
  for (const file of ["tollgate.yaml", "policy.yaml"]) {
    const text = dataOf(objects, file);
    if (text !== undefined) fs.writeFileSync(path.join(rendered, name, file), text);
  }

  describe(name, () => {
    test("only kinds that need no right to be installed by a namespace's owner", () => {
      const allowed = ["ConfigMap", "DaemonSet", "PodMonitor", "PrometheusRule", "Service", "ServiceAccount",
        "ServiceMonitor"];
      assert.deepEqual(objects.filter((object) => !allowed.includes(object.kind)), []);
    });

    test("every object is in the release's namespace, and labelled", () => {
      for (const object of objects) {
        assert.equal(object.metadata.namespace, "security");
        assert.equal(object.metadata.labels["app.kubernetes.io/instance"], "gate");
        assert.equal(object.metadata.labels["app.kubernetes.io/managed-by"], "Helm");
      }
    });

    test("no token of the API server", () => {
      assert.equal(pod.automountServiceAccountToken, false);
      assert.equal(one(objects, "ServiceAccount").automountServiceAccountToken, false);
      assert.equal(pod.serviceAccountName, one(objects, "ServiceAccount").metadata.name);
    });

    test("of the host's namespaces only the network", () => {
      assert.equal(pod.hostNetwork, true);
      assert.notEqual(pod.hostPID, true);
      assert.notEqual(pod.hostIPC, true);
    });

    for (const container of containers) {
      const context = container.securityContext;
      test(`${container.name}: exactly five capabilities, never privileged`, () => {
        assert.deepEqual(context.capabilities.drop, ["ALL"]);
        assert.deepEqual([...context.capabilities.add].sort(), ["BPF", "IPC_LOCK", "NET_ADMIN", "NET_RAW", "PERFMON"]);
        assert.equal(context.privileged, false);
        assert.equal(context.allowPrivilegeEscalation, false);
      });
      test(`${container.name}: read-only root, the default seccomp profile`, () => {
        assert.equal(context.readOnlyRootFilesystem, true);
        assert.equal(context.seccompProfile.type, "RuntimeDefault");
      });
      test(`${container.name}: memory is limited and asked for, CPU time is not limited`, () => {
        assert.match(container.resources.limits.memory, /^\d+Mi$/);
        assert.match(container.resources.requests.memory, /^\d+Mi$/);
        assert.equal(container.resources.limits.cpu, undefined);
      });
      test(`${container.name}: the image is a version or a digest, never latest`, () => {
        assert.match(container.image, /^[^\s@:]+(:\d+\.\d+\.\d+|@sha256:[0-9a-f]{64})$/);
      });
      test(`${container.name}: mounts have volumes, and nothing of the host but what is named`, () => {
        const volumes = Object.fromEntries(pod.volumes.map((volume) => [volume.name, volume]));
        for (const mount of container.volumeMounts) assert.ok(volumes[mount.name], mount.name);
        const hostPaths = pod.volumes.flatMap((volume) => volume.hostPath ? [volume.hostPath.path] : []);
        const allowed = ["/sys/fs/bpf", "/var/lib/tollgate", "/run/tollgate", "/dev/net/tun"];
        assert.deepEqual(hostPaths.filter((hostPath) => !allowed.includes(hostPath)), []);
      });
    }

    if (values?.detach) return; // it does nothing, and has no policy

    test("probes ask the agent, never the policy", () => {
      const [container] = pod.containers;
      assert.equal(container.livenessProbe.httpGet.path, "/livez");
      assert.equal(container.startupProbe.httpGet.path, "/livez");
      assert.equal(container.readinessProbe.httpGet.path, "/readyz");
      const address = container.args.find((argument) => argument.startsWith("--metrics="));
      for (const probe of [container.livenessProbe, container.startupProbe, container.readinessProbe]) {
        assert.ok(address.endsWith(`:${probe.httpGet.port}`));
        assert.equal(probe.httpGet.host, address.includes("HOST_IP") ? undefined : "127.0.0.1");
      }
    });

    test("the policy is mounted as a folder, or it would never change", () => {
      const mount = pod.containers[0].volumeMounts.find((each) => each.mountPath === "/etc/tollgate/policy");
      assert.equal(mount.subPath, undefined);
      assert.match(dataOf(objects, "tollgate.yaml"), /^policyWatch: apply$/m);
    });
  });
}

describe("the chart", () => {
  const daemonSet = (name) => one(objectsOf(`${name}-values.yaml`), "DaemonSet");
  const pod = (name) => daemonSet(name).spec.template.spec;
  const policy = (name) => parse(dataOf(objectsOf(`${name}-values.yaml`), "policy.yaml")).spec;

  test("learns unless it is told otherwise", () => {
    assert.equal(policy("default").mode, "learn");
    assert.equal(policy("audit").mode, "audit");
    assert.equal(policy("enforce").mode, "enforce");
  });

  test("keeps a node in its cluster by failsafe rules", () => {
    const failsafe = policy("default").failsafe;
    const ports = (direction) => failsafe.filter((rule) => rule.direction === direction)
      .flatMap((rule) => rule.ports ?? []);
    for (const port of ["tcp/10250", "tcp/6443", "udp/8472", "udp/4789", "tcp/179"]) {
      assert.ok(ports("ingress").includes(port), port);
    }
    for (const port of ["tcp/10250", "tcp/443", "tcp/6443", "udp/53", "tcp/53", "udp/8472", "udp/4789", "tcp/179"]) {
      assert.ok(ports("egress").includes(port), port);
    }
    assert.equal(policy("minimal").failsafe, undefined);
  });

  test("lets in the ports of API servers, but 443 only where there is no other", () => {
    const ports = (name, rule) => policy(name).failsafe.find((each) => each.name === rule).ports;
    assert.deepEqual(ports("default", "kubernetes-api-in"), ["tcp/6443"]);
    assert.deepEqual(ports("audit", "kubernetes-api-in"), ["tcp/16443"]);
    assert.deepEqual(ports("audit", "kubernetes-api-out"), ["tcp/443", "tcp/16443"]);
    assert.deepEqual(ports("learn", "kubernetes-api-in"), ["tcp/443"]);
  });

  test("limits those rules to the networks and the CNI that it is told", () => {
    const rules = policy("audit").failsafe.filter((rule) => rule.name.startsWith("kubernetes-"));
    assert.ok(rules.length > 0);
    for (const rule of rules) assert.deepEqual(rule.remote, ["10.0.0.0/8", "fd00::/8"]);
    assert.ok(!JSON.stringify(rules).includes("tcp/179"));
    assert.ok(JSON.stringify(rules).includes("udp/51871"));
  });

  test("lets in those who may scrape, on the port that is scraped", () => {
    const rule = policy("monitoring").failsafe.find((each) => each.name === "tollgate-metrics");
    assert.deepEqual([rule.direction, rule.ports, rule.remote],
      ["ingress", ["tcp/9587"], ["10.0.7.0/24", "fd00:7::/64"]]);
  });

  test("confirms a policy by the API server and by the places that it is told", () => {
    const reach = (name) => pod(name).containers[0].args.filter((each) => each.startsWith("--policy-reach="));
    const server = "--policy-reach=$(KUBERNETES_SERVICE_HOST):$(KUBERNETES_SERVICE_PORT)";
    assert.deepEqual(reach("default"), [server]);
    assert.deepEqual(reach("enforce"),
      [server, "--policy-reach=192.0.2.1:6443", "--policy-reach=[2001:db8::1]:6443"]);
    assert.deepEqual(reach("minimal"), []);
  });

  test("restarts for another configuration, not for another policy", () => {
    const checksum = (name) => daemonSet(name).spec.template.metadata.annotations["checksum/config"];
    assert.equal(checksum("default"), checksum("enforce"));
    assert.notEqual(checksum("default"), checksum("learn"));
  });

  test("gives a tunnel its keys as regular files of root, and a TUN device", () => {
    const mounts = pod("tunnel").containers[0].volumeMounts;
    const keys = mounts.filter((mount) => mount.name === "keys");
    assert.deepEqual(keys.map((mount) => mount.subPath), ["wg0.key", "recorder.psk"]);
    const volume = (name) => pod("tunnel").volumes.find((each) => each.name === name);
    assert.equal(volume("keys").secret.defaultMode, 0o400);
    assert.equal(volume("tun").hostPath.type, "CharDevice");
    assert.ok(!pod("default").volumes.some((each) => ["tun", "keys"].includes(each.name)));
  });

  test("keeps no flow log unless it is told to, and then on standard output", () => {
    const config = (name) => parse(dataOf(objectsOf(`${name}-values.yaml`), "tollgate.yaml"));
    assert.equal(config("default").flowLog, undefined);
    assert.deepEqual(valuesOf("../values.yaml").flowLog.sinks, [{type: "stdout"}]);
    const {interval, events, sinks} = config("flow-log").flowLog;
    assert.equal(interval, 30);
    assert.deepEqual(events, ["flows", "drops"]);
    assert.deepEqual(sinks.map((sink) => sink.type), ["stdout", "http", "ipfix", "syslog"]);
    assert.equal(sinks[1].spoolBytes, 268435456);
  });

  test("gives the flow log its token as a file of root out of a Secret, never in a ConfigMap", () => {
    const {sinks} = parse(dataOf(objectsOf("flow-log-values.yaml"), "tollgate.yaml")).flowLog;
    const {containers, volumes} = pod("flow-log");
    const mountOf = (file) => containers[0].volumeMounts.find((mount) => mount.mountPath === file);
    const volumeOf = (file) => volumes.find((volume) => volume.name === mountOf(file).name);
    assert.equal(mountOf(sinks[1].tokenFile).subPath, "bearer");
    assert.deepEqual(volumeOf(sinks[1].tokenFile).secret, {secretName: "collector", defaultMode: 0o400});
    assert.equal(mountOf(sinks[1].caFile).subPath, "bundle.pem");
    assert.equal(volumeOf(sinks[1].caFile).configMap.name, "trusted");
    for (const sink of [sinks[0], sinks[2], sinks[3]]) assert.equal(sink.tokenFile ?? sink.caFile, undefined);
    const stateMount = containers[0].volumeMounts.find((mount) => mount.name === "state");
    assert.ok(sinks[1].spoolFolder.startsWith(`${stateMount.mountPath}/`));
    assert.ok(!pod("default").volumes.some((volume) => volume.name.startsWith("flow-log")));
  });

  test("uses a policy of somebody else", () => {
    const objects = objectsOf("existing-policy-values.yaml");
    assert.equal(dataOf(objects, "policy.yaml"), undefined);
    const volume = pod("existing-policy").volumes.find((each) => each.name === "policy");
    assert.equal(volume.configMap.name, "reviewed-policy");
  });

  test("detaches before a pod is ready, then idles, without scraping or state", () => {
    const {initContainers, containers, volumes} = pod("detach");
    assert.deepEqual(initContainers.map((each) => each.args), [["--cleanup"]]);
    assert.deepEqual(containers.map((each) => each.args), [["--cleanup", "--wait"]]);
    assert.deepEqual(volumes.map((each) => each.name), ["bpffs"]);
    const kinds = objectsOf("detach-values.yaml").map((object) => object.kind);
    assert.ok(!kinds.includes("PodMonitor") && !kinds.includes("Service"));
    assert.deepEqual(daemonSet("detach").spec.selector, daemonSet("default").spec.selector);
  });

  test("packs rules and dashboards as they are", () => {
    const objects = objectsOf("monitoring-values.yaml");
    const rule = one(objects, "PrometheusRule").spec.groups[0].rules[0];
    assert.equal(rule.annotations.summary, "on {{ $labels.instance }}");
    assert.equal(dataOf(objects, "test.json").trim(),
      fs.readFileSync(path.join(chart, "files/dashboards/test.json"), "utf8").trim());
    const dashboard = objects.find((object) => object.data?.["test.json"]);
    assert.equal(dashboard.metadata.labels.grafana_dashboard, "1");
    assert.equal(dashboard.metadata.annotations.grafana_folder, "Network");
    for (const kind of ["PodMonitor", "PrometheusRule"]) {
      assert.equal(one(objects, kind).metadata.labels.release, "prometheus");
    }
  });

  test("monitors select the pods and the port that there are", () => {
    const objects = objectsOf("monitoring-values.yaml");
    const labels = one(objects, "DaemonSet").spec.template.metadata.labels;
    const port = one(objects, "DaemonSet").spec.template.spec.containers[0].ports[0].name;
    const podMonitor = one(objects, "PodMonitor").spec;
    for (const [key, value] of Object.entries(podMonitor.selector.matchLabels)) assert.equal(labels[key], value);
    assert.equal(podMonitor.podMetricsEndpoints[0].port, port);
    const service = one(objects, "Service");
    assert.equal(one(objects, "ServiceMonitor").spec.endpoints[0].port, service.spec.ports[0].name);
    assert.equal(service.spec.ports[0].targetPort, port);
  });

  test("monitors name the job as the alerts know it, whatever the release is called", () => {
    const objects = objectsOf("monitoring-values.yaml");
    for (const kind of ["PodMonitor", "ServiceMonitor"]) {
      const {selector, endpoints, podMetricsEndpoints} = one(objects, kind).spec;
      const job = (endpoints ?? podMetricsEndpoints)[0].relabelings.find((each) => each.targetLabel === "job");
      assert.deepEqual(job, {targetLabel: "job", replacement: "tollgate"});
      assert.ok(selector.matchLabels["app.kubernetes.io/name"]);
    }
  });

  test("documents every value in its README", () => {
    const text = fs.readFileSync(path.join(chart, "README.md"), "utf8");
    const names = [];
    const walk = (value, name) => {
      const isMap = value !== null && typeof value === "object" && !Array.isArray(value);
      const opaque = ["resources", "nodeSelector", "updateStrategy", "policy.default", "policy.baseline",
        "policy.groups", "dashboards.labels"];
      if (isMap && Object.keys(value).length > 0 && !opaque.includes(name)) {
        for (const [key, below] of Object.entries(value)) walk(below, name === "" ? key : `${name}.${key}`);
      } else {
        names.push(name);
      }
    };
    walk(parse(fs.readFileSync(path.join(chart, "values.yaml"), "utf8")), "");
    const missing = names.filter((name) => !text.includes(`\`${name}\``));
    assert.deepEqual(missing, []);
    assert.ok(names.length > 40);
  });
});
