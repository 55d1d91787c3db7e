// SPDX-License-Identifier: MIT
// Checks a bill of materials strictly against the JSON Schema of CycloneDX: node check_sbom.mjs NODE_MODULES FILE
import fs from "node:fs";
import {createRequire} from "node:module";
import path from "node:path";

const [modules, file] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(modules), "index.js"));
const {Spec, Validation} = require("@cyclonedx/cyclonedx-library");

const text = fs.readFileSync(file, "utf8");
const problem = await new Validation.JsonStrictValidator(Spec.Version[`v${JSON.parse(text).specVersion.replace(".", "dot")}`])
  .validate(text);
if (problem !== null) {
  console.error(problem);
  process.exit(1);
}
