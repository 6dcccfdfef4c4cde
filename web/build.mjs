// Builds web/static/build/: one stylesheet, one script for the shell with the phone, and the third-party files it needs.
// Needs only node_modules (npm ci); no network. `--watch` builds again on every change.
import { cp, mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const out = join(here, "static", "build");
const watching = process.argv.includes("--watch");

// A feature adds its own script and style by putting web/<feature>/<name>.js or .css there: nothing to register.
// A feature's script exports `start(shell)`, called once when the shell is up.
async function featureFiles(extension) {
  const found = [];
  for (const folder of (await readdir(here)).sort()) {
    if (["js", "static", "node_modules", "shell"].includes(folder)) continue;
    if (!(await stat(join(here, folder))).isDirectory()) continue;
    for (const file of (await readdir(join(here, folder))).sort()) {
      if (file.endsWith(extension)) found.push(`./${folder}/${file}`);
    }
  }
  return found;
}

const features = {
  name: "features",
  setup(build) {
    build.onResolve({ filter: /^features:(js|css)$/ }, (args) => ({ path: args.path, namespace: "features" }));
    build.onLoad({ filter: /./, namespace: "features" }, async (args) => {
      if (args.path === "features:css") {
        const files = await featureFiles(".css");
        return { contents: files.map((file) => `@import "${file}";`).join("\n"), loader: "css", resolveDir: here };
      }
      const files = await featureFiles(".js");
      const imports = files.map((file, n) => `import * as f${n} from "${file}";`).join("\n");
      return { contents: `${imports}\nexport default [${files.map((_, n) => `f${n}`)}];`, resolveDir: here };
    });
  },
};

const shared = { bundle: true, minify: !watching, sourcemap: true, target: "chrome123", logLevel: "info" };
const jobs = [
  {
    ...shared,
    entryPoints: { app: join(here, "js/main.js"), early: join(here, "js/early.js"), screen: join(here, "js/screen.js"), keepalive: join(here, "js/phone/keepalive.js") },
    format: "iife",
    outdir: out,
    plugins: [features],
  },
  {
    ...shared,
    entryPoints: { app: join(here, "static/css/app.css") },
    outdir: out,
    loader: { ".woff2": "file" },
    assetNames: "[name]",
    plugins: [features],
  },
];

const began = Date.now();
await mkdir(out, { recursive: true });
const modules = join(here, "node_modules");
for (const [from, to] of [
  ["htmx.org/dist/htmx.min.js", "htmx.min.js"],
  ["wavesurfer.js/dist/wavesurfer.esm.js", "wavesurfer.esm.js"],
]) {
  await cp(join(modules, from), join(out, to), { preserveTimestamps: false });
}
for (const job of jobs) {
  if (watching) await (await esbuild.context(job)).watch();
  else await esbuild.build(job);
}
// Files of earlier builds go last, so that a page that loads meanwhile finds everything.
if (!watching) {
  for (const file of await readdir(out)) {
    if ((await stat(join(out, file))).mtimeMs < began - 1000) await rm(join(out, file));
  }
}
