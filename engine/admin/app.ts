// The operator's endpoint as an express app: headers, checks, routes, and the console's page.
// Belongs here: their order. Does not belong here: listening (server.ts), any route (routes/), the page (page/).
import express, { type Express } from 'express';
import { refuseOtherSites, securityHeaders } from './headers.ts';
import { countRequests } from './metrics/http.ts';
import { mount, type Mounting } from './mount.ts';
import { documentOf } from './openapi.ts';
import { type PageFile, servePage } from './page-files.ts';
import { allRoutes } from './routes/index.ts';

export interface AppParts extends Mounting {
  /** Whether numbers are read without authentication. */
  readonly openMetrics?: boolean;
  /** The console's page, by path; absent: there is none. */
  readonly page?: ReadonlyMap<string, PageFile>;
}

/** Serves nothing to other sites, whatever the route. */
export function adminApp(parts: AppParts): Express {
  const { auth, page } = parts;
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.set('query parser', 'simple').set('case sensitive routing', true);
  app.use(securityHeaders, refuseOtherSites(auth.scheme === undefined));
  if (parts.metrics !== undefined) app.use(countRequests(parts.metrics, parts.streams));
  const routes = allRoutes(() => documentOf(routes, auth.scheme), parts.openMetrics === true);
  if (page !== undefined) app.use(servePage(page));
  mount(app, routes, parts);
  return app;
}
