// The operator's page as files: what it is made of, read once, each under the address at which a browser asks for it.
// Belongs here: which files those are, and giving them out. Does not belong here: the page (page/), security headers
// (headers.ts).
//
// The page shares pure modules with the engine. A browser asks for them by their place relative to the page's own, so all
// stand below `engine/`; what the page imports, and nothing else of the engine, is served.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RequestHandler } from 'express';

export interface PageFile {
  /** Of its content. */
  readonly type: string;
  readonly body: Buffer;
  /** Changes with the content; an entity tag with its quotes. */
  readonly tag: string;
}

const OWN: { readonly [name: string]: string } = {
  'index.html': 'text/html; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};
const MAIN = 'engine/admin/page/main.js';
const IMPORT = /^(?:import|export)\b[^'"]*?['"](\.[^'"]+)['"]/gm;

/** By path, without a slash before it; the empty path is the page itself. Rejects where the page was not built. */
export async function readPage(): Promise<ReadonlyMap<string, PageFile>> {
  const here = path.dirname(fileURLToPath(import.meta.url));
  const compiled = path.resolve(here, '../..');
  const files = new Map<string, PageFile>();
  for (const [name, type] of Object.entries(OWN))
    files.set(name, fileOf(await readFile(path.resolve(compiled, '../engine/admin/page', name)), type));
  const index = files.get('index.html');
  if (index) files.set('', index);
  const left = [MAIN];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (files.has(name)) continue;
    const body = await readFile(path.join(compiled, name));
    files.set(name, fileOf(body, 'text/javascript; charset=utf-8'));
    left.push(...importsOf(name, body.toString('utf8')));
  }
  return files;
}

function fileOf(body: Buffer, type: string): PageFile {
  const digest = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  return { type, body, tag: `"${digest}"` };
}

const importsOf = (name: string, code: string): readonly string[] =>
  [...code.matchAll(IMPORT)].map(([, specifier = '']) =>
    path.posix.join(path.posix.dirname(name), specifier),
  );

/** What it does not have is left to the routes. A browser asks each time whether a file is still the same. */
export function servePage(files: ReadonlyMap<string, PageFile>): RequestHandler {
  return (request, response, next) => {
    const file = files.get(request.path.slice(1));
    if (file === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return next();
    response.set({ 'Content-Type': file.type, 'Cache-Control': 'no-cache', ETag: file.tag });
    if (request.headers['if-none-match'] === file.tag) response.status(304).end();
    else response.send(file.body);
  };
}
