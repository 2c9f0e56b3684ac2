// What every answer says to browsers, and which requests of browsers are refused before anything else.
// Belongs here: security headers, the checks against other sites. Does not belong here: authentication (auth/).
//
// H1  A page of another site can make a browser send a request to us. It cannot set `Authorization` or `X-Auth-Token`, nor, without
//     our leave, `X-Requested-With`; and browsers say where a request comes from. Nothing here is ever allowed across sites.
// H2  Where nobody authenticates, the name in `Host` must be the loopback's: else a name of another site that leads to 127.0.0.1
//     for a moment (DNS rebinding) would be our own origin to the browser.
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { HttpError } from './problem.ts';

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const HEADERS = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
} as const;

export function securityHeaders(_request: Request, response: Response, next: NextFunction): void {
  response.set(HEADERS);
  next();
}

const CHANGES = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** `open`: nobody has to authenticate. */
export function refuseOtherSites(open: boolean): RequestHandler {
  return (request, _response, next) => {
    if (isOfOtherSite(request)) throw otherSite();
    if (open && !isLoopbackName(request.headers.host ?? '')) throw otherName(request.headers.host ?? '');
    if (open && CHANGES.has(request.method) && request.headers['x-requested-with'] === undefined)
      throw noHeader();
    next();
  };
}

function isOfOtherSite({ headers }: Request): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  const { origin, host } = headers;
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== host;
}

/** Of a `Host` header: the name without its port. */
export function isLoopbackName(host: string): boolean {
  const name = host.replace(/^(\[.*\]|[^:]*):\d{1,5}$/, '$1').toLowerCase();
  return (
    name === 'localhost' ||
    name === '[::1]' ||
    name === '::1' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name)
  );
}

const otherSite = (): HttpError =>
  new HttpError(
    403,
    'other_site',
    'The request comes from a page of another site.',
    "Open the engine's own page.",
  );

const otherName = (host: string): HttpError =>
  new HttpError(
    403,
    'other_site',
    `Nobody authenticates here, so the engine answers to no name but localhost, and not to '${host.slice(0, 80)}'.`,
    'Use http://localhost, or have it authenticate by Keystone (docs/how-to/console.md).',
  );

const noHeader = (): HttpError =>
  new HttpError(
    403,
    'other_site',
    'A request that changes something has no header X-Requested-With.',
    'Send `X-Requested-With: murano-workflow`: a page of another site cannot.',
  );
