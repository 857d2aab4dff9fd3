// Bundles src/ into dist/, or into the folder that the first argument names. The same sources and lock give the
// same bytes: a test holds what is committed against a fresh build.

import { build } from "esbuild";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "dist"));
process.chdir(here); // names in the bundle do not depend on where it was called from

rmSync(out, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: ["src/app.ts", "src/theme.ts", "src/page.css"],
  outdir: join(out, "assets"),
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  splitting: true, // hls.js comes when something is played
  format: "esm",
  target: ["es2022", "chrome123", "firefox120", "safari17.5"],
  minify: true,
  charset: "utf8",
  legalComments: "none", // the licences lie beside
  loader: { ".woff2": "file", ".svg": "file" },
  metafile: true,
});

const made = new Map();
for (const [path, { entryPoint }] of Object.entries(metafile.outputs))
  if (entryPoint) made.set(entryPoint, basename(path));
const icon = Object.keys(metafile.outputs).find((path) => path.endsWith(".svg"));
const page = readFileSync("src/index.html", "utf8")
  .replace("app.ts", made.get("src/app.ts"))
  .replace("theme.ts", made.get("src/theme.ts"))
  .replace("page.css", made.get("src/page.css"))
  .replace("icon.svg", basename(icon));
writeFileSync(join(out, "index.html"), page);

mkdirSync(join(out, "licences"));
for (const name of ["hls.js", "@fontsource-variable/archivo"])
  copyFileSync(join("node_modules", name, "LICENSE"), join(out, "licences", `${basename(name)}.txt`));
