// What the endpoint itself does, as numbers for Prometheus.
// Belongs here: requests and streams. Does not belong here: the engine (metrics.ts).
import type { RequestHandler } from 'express';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Streams } from '../stream/streams.ts';

const PREFIX = 'murano_workflow_http_';

/** Counted by the route's path as it is documented, never by the address that was asked for (T1). */
export function countRequests(registry: Registry, streams: Streams): RequestHandler {
  const requests = new Counter({
    name: `${PREFIX}requests_total`,
    help: 'Requests that were answered.',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: `${PREFIX}request_seconds`,
    help: 'Until the answer was written; of a stream, until it was over.',
    labelNames: ['method'],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 60],
    registers: [registry],
  });
  new Gauge({
    name: `${PREFIX}streams`,
    help: 'Streams that are open.',
    registers: [registry],
    collect(): void {
      this.set(streams.size);
    },
  });
  return (request, response, next) => {
    const stop = seconds.startTimer({ method: METHODS.has(request.method) ? request.method : 'other' });
    response.on('close', () => {
      stop();
      const { path } = (request.route ?? { path: 'none' }) as { readonly path: string };
      const method = METHODS.has(request.method) ? request.method : 'other';
      requests.inc({ method, route: path, status: response.statusCode });
    });
    next();
  };
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'DELETE']);
