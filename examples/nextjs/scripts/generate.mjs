// Writes lib/generated/: types of the API, and of the GraphQL operations that the gateway takes, with their texts.
//   node scripts/generate.mjs OPENAPI_JSON OPERATIONS_FOLDER DAGSTER_SCHEMA [OUT_FOLDER]
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { codegen } from "@graphql-codegen/core";
import * as operationsPlugin from "@graphql-codegen/typescript-operations";
import { buildSchema, Kind, parse, stripIgnoredCharacters } from "graphql";
import openapiTS, { astToString } from "openapi-typescript";

const [openapi, operations, schema, out = "lib/generated"] = process.argv.slice(2);
if (!openapi || !operations || !schema) throw new Error("usage: generate.mjs OPENAPI_JSON OPERATIONS_FOLDER DAGSTER_SCHEMA [OUT]");

const api = await openapiTS(JSON.parse(readFileSync(openapi, "utf8")), { defaultNonNullable: false });
writeFileSync(path.join(out, "openapi.ts"), astToString(api));

const documents = readdirSync(operations)
  .filter((name) => name.endsWith(".graphql"))
  .sort()
  .map((name) => ({ location: name, document: parse(readFileSync(path.join(operations, name), "utf8")) }));
const types = await codegen({
  documents,
  schemaAst: buildSchema(readFileSync(schema, "utf8")),
  filename: "operations.ts",
  config: { enumType: "string-literal", useTypeImports: true },
  plugins: [{ operations: {} }],
  pluginMap: { operations: operationsPlugin },
});

const listed = documents.map(({ location, document }) => {
  const definition = document.definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION);
  const kind = definition.operation === "subscription" ? "Subscription" : "Query";
  const name = path.basename(location, ".graphql");
  return { name, kind, text: stripIgnoredCharacters(readFileSync(path.join(operations, location), "utf8")) };
});
const list = (kind) =>
  listed
    .filter((each) => each.kind === kind)
    .map(({ name }) => `  ${name}: { data: ${name}${kind}; variables: ${name}${kind}Variables };`)
    .join("\n");
const texts = listed.map(({ name, text }) => `  ${name}: ${JSON.stringify(text)},`).join("\n");
writeFileSync(
  path.join(out, "operations.ts"),
  `${types.trim()}

export type Queries = {
${list("Query")}
};

export type Subscriptions = {
${list("Subscription")}
};

export const texts = {
${texts}
} as const;
`,
);
