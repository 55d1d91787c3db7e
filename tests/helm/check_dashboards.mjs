// SPDX-License-Identifier: MIT
// Checks Grafana dashboards: every field is one of Grafana's schema and has its type (TypeScript's strict check of
// object literals), options and fields of panels, too; every PromQL expression, of rules as well, can be parsed.
//
//     node check_dashboards.mjs NODE_MODULES SCRATCH-FOLDER DASHBOARD.json... [RULES.yaml...]
import {execFileSync} from "node:child_process";
import fs from "node:fs";
import {createRequire} from "node:module";
import path from "node:path";

const [modules, scratch, ...files] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(modules), "index.js"));
const {parser} = require("@prometheus-io/lezer-promql");
const {parse} = require("yaml");
const problems = [];
let expressions = 0;

// What Grafana puts in before Prometheus sees it.
const macros = {"$__rate_interval": "1m", "$__range": "1h"};

function checkExpression(where, text) {
  const filled = Object.entries(macros).reduce((expression, [name, value]) => expression.replaceAll(name, value), text);
  ++expressions;
  parser.parse(filled).iterate({
    enter: (node) => {
      if (node.type.isError) problems.push(`${where}: PromQL: ${filled.slice(0, node.from)} <here> ${filled.slice(node.from)}`);
    },
  });
}

// In JSON an enumeration is one of its strings.
const lines = [`import type {Dashboard} from "@grafana/schema";
type Plain<T> = T extends string ? \`\${T}\` : T extends object ? {[K in keyof T]: Plain<T[K]>} : T;`];
const kinds = {timeseries: "TimeSeries", stat: "Stat", table: "Table"};
for (const [kind, name] of Object.entries(kinds)) {
  lines.push(`import type * as ${kind} from` +
             ` "@grafana/schema/dist/esm/raw/composable/${kind}/panelcfg/x/${name}PanelCfg_types.gen";`);
}

let count = 0;
function addLine(where, type, value) {
  lines.push(`/* ${where} */ export const o${++count}: ${type} = ${JSON.stringify(value)};`);
}

function addDashboard(file, dashboard) {
  addLine(file, "Plain<Dashboard>", dashboard);
  for (const panel of dashboard.panels) {
    const where = `${file}: ${panel.title}`;
    if (kinds[panel.type] === undefined) {
      problems.push(`${where}: there is no check for panels of type ${panel.type}`);
      continue;
    }
    addLine(where, `Partial<Plain<${panel.type}.Options>>`, panel.options);
    if (panel.fieldConfig.defaults.custom) {
      addLine(where, `Partial<Plain<${panel.type}.FieldConfig>>`, panel.fieldConfig.defaults.custom);
    }
    for (const target of panel.targets) checkExpression(where, target.expr);
  }
}

for (const name of files) {
  const text = fs.readFileSync(name, "utf8");
  const file = path.basename(name);
  if (name.endsWith(".json")) {
    addDashboard(file, JSON.parse(text));
  } else {
    for (const rule of parse(text).groups.flatMap((group) => group.rules)) {
      checkExpression(`${file}: ${rule.alert ?? rule.record}`, rule.expr);
    }
  }
}

fs.rmSync(scratch, {recursive: true, force: true});
fs.mkdirSync(scratch, {recursive: true});
fs.symlinkSync(path.resolve(modules), path.join(scratch, "node_modules"));
const source = lines.join("\n") + "\n";
fs.writeFileSync(path.join(scratch, "dashboards.ts"), source);
try {
  execFileSync(process.execPath, [
    path.join(modules, "typescript/lib/tsc.js"), "--noEmit", "--strict", "--skipLibCheck", "--target", "es2022",
    "--module", "esnext", "--moduleResolution", "bundler", "dashboards.ts",
  ], {cwd: scratch, encoding: "utf8"});
} catch (error) {
  for (const line of (error.stdout || error.message).trim().split("\n")) {
    const number = Number(/^dashboards\.ts\((\d+),/.exec(line)?.[1] ?? 0);
    const where = /^\/\* (.*?) \*\//.exec(source.split("\n")[number - 1] ?? "")?.[1] ?? "";
    problems.push(`${where}: ${line.replace(/^dashboards\.ts\(\d+,\d+\): /, "")}`);
  }
}
if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
console.log(`${files.length} files, ${expressions} expressions`);
