// SPDX-License-Identifier: MIT
// Checks rendered Kubernetes objects: no unknown field and no wrong type (TypeScript's strict check of
// object literals), no violated pattern and no missing field (the schemas of kubernetes-models).
//
//     node check_types.mjs NODE_MODULES SCRATCH-FOLDER FILE...
import {execFileSync} from "node:child_process";
import fs from "node:fs";
import {createRequire} from "node:module";
import path from "node:path";
import {pathToFileURL} from "node:url";

const [modules, scratch, ...files] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(modules), "index.js"));
const {parseAllDocuments} = require("yaml");

// By apiVersion and kind: where the type is, and where the schema.
const operator = "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";
const cilium = "@kubernetes-models/cilium/cilium.io/v2";
const kinds = {
  "v1/ServiceAccount": ["kubernetes-types/core/v1", "kubernetes-models/v1"],
  "v1/ConfigMap": ["kubernetes-types/core/v1", "kubernetes-models/v1"],
  "v1/Service": ["kubernetes-types/core/v1", "kubernetes-models/v1"],
  "apps/v1/DaemonSet": ["kubernetes-types/apps/v1", "kubernetes-models/apps/v1"],
  "networking.k8s.io/v1/NetworkPolicy": ["kubernetes-types/networking/v1", "kubernetes-models/networking.k8s.io/v1"],
  "cilium.io/v2/CiliumNetworkPolicy": [cilium, cilium],
  "monitoring.coreos.com/v1/PodMonitor": [operator, operator],
  "monitoring.coreos.com/v1/ServiceMonitor": [operator, operator],
  "monitoring.coreos.com/v1/PrometheusRule": [operator, operator],
};

const problems = [];
const counts = {};
const lines = [];
for (const file of files) {
  for (const document of parseAllDocuments(fs.readFileSync(file, "utf8"))) {
    const object = document.toJS();
    if (object === null) continue;
    const name = `${object.apiVersion}/${object.kind}`;
    const where = `${path.basename(file)}: ${object.kind} ${object.metadata?.name}`;
    if (document.errors.length > 0) problems.push(`${where}: ${document.errors[0].message}`);
    if (kinds[name] === undefined) {
      problems.push(`${where}: ${name} is no kind whose type is known here`);
      continue;
    }
    const [types, models] = kinds[name];
    const type = types.startsWith("@kubernetes-models/") ? `I${object.kind}` : object.kind;
    const index = lines.length;
    lines.push(`/* ${where} */ import type {${type} as T${index}} from "${types}";` +
               ` export const o${index}: T${index} = ${JSON.stringify(object)};`);
    try {
      const schema = await import(pathToFileURL(path.resolve(modules, models, "index.js")));
      new schema[object.kind](object).validate();
    } catch (error) {
      problems.push(`${where}: ${error.message}`);
    }
    counts[object.kind] = (counts[object.kind] ?? 0) + 1;
  }
}

fs.rmSync(scratch, {recursive: true, force: true});
fs.mkdirSync(scratch, {recursive: true});
fs.symlinkSync(path.resolve(modules), path.join(scratch, "node_modules"));
fs.writeFileSync(path.join(scratch, "objects.ts"), lines.join("\n") + "\n");
try {
  execFileSync(process.execPath, [
    path.join(modules, "typescript/lib/tsc.js"), "--noEmit", "--strict", "--skipLibCheck", "--target", "es2022",
    "--module", "esnext", "--moduleResolution", "bundler", "objects.ts",
  ], {cwd: scratch, encoding: "utf8"});
} catch (error) {
  for (const line of (error.stdout || error.message).trim().split("\n")) {
    const number = Number(/^objects\.ts\((\d+),/.exec(line)?.[1] ?? 0);
    const where = /^\/\* (.*?) \*\//.exec(lines[number - 1] ?? "")?.[1] ?? "";
    problems.push(`${where}: ${line.replace(/^objects\.ts\(\d+,\d+\): /, "")}`);
  }
}
if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
console.log(Object.entries(counts).map(([kind, count]) => `${count} ${kind}`).join(", "));
