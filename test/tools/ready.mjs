// Makes a fresh clone ready: checks Node, installs what is missing, compiles what changed.
// Belongs here: what must happen before any npm script can run. Plain JavaScript without imports from npm.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
process.chdir(root);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `murano-workflow needs Node.js 20.19 or newer; this is ${process.version}. Install a newer Node and try again.`,
  );
  process.exit(1);
}

const npm = (...args) => {
  const cli = process.env.npm_execpath;
  const [command, prefix] = cli
    ? [process.execPath, [cli]]
    : [process.platform === 'win32' ? 'npm.cmd' : 'npm', []];
  execFileSync(command, [...prefix, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
};

// npm notes in node_modules/.package-lock.json what it installed: compare contents, for dates lie after a checkout.
const installedAsLocked = () => {
  if (!existsSync('node_modules/.package-lock.json')) return false;
  const wanted = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages;
  const present = JSON.parse(readFileSync('node_modules/.package-lock.json', 'utf8')).packages;
  return Object.entries(wanted).every(
    ([place, { version, optional }]) => place === '' || optional || present[place]?.version === version,
  );
};
if (!installedAsLocked()) {
  console.error('Installing dependencies (npm ci) ...');
  npm('ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error');
}

const { bin } = JSON.parse(readFileSync('node_modules/typescript/package.json', 'utf8'));
try {
  // What runs in a browser is a project of its own: it knows a document and no Node.
  for (const project of ['tsconfig.json', 'engine/admin/page'])
    execFileSync(process.execPath, [path.join('node_modules/typescript', bin.tsc), '-p', project], {
      stdio: 'inherit',
    });
} catch {
  console.error('The TypeScript sources do not compile; the errors are above.');
  process.exit(1);
}
