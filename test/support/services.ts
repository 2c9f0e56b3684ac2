// The real services that test/services/up.sh started: where they are, or that they are not there.
// Belongs here: finding them. Does not belong here: starting them, or what a test does with them.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { inProject } from './project.ts';
import { needs } from './needs.ts';

/** What up.sh wrote into `openrc`. */
export interface Services {
  readonly directory: string;
  readonly openrc: { readonly [name: string]: string };
}

const directory = process.env['MURANO_WORKFLOW_SERVICES'] ?? inProject('.murano-workflow', 'services');

/** Undefined where they are not up: then the suite is left out, and that is said. */
export function services(suite: string): Services | undefined {
  const file = path.join(directory, 'openrc');
  if (!needs(existsSync(file), suite, 'RabbitMQ, Keystone and Heat: test/services/up.sh starts them'))
    return undefined;
  return { directory, openrc: readRc(file) };
}

/** True where Nova is among them, with its fake driver. */
export const novaIn = ({ directory: place }: Services, suite: string): boolean =>
  needs(existsSync(path.join(place, 'pids', 'nova-compute')), suite, 'Nova: test/services/nova.sh');

/** The variables that such a file exports. */
export function readRc(file: string): { readonly [name: string]: string } {
  const pairs = [...readFileSync(file, 'utf8').matchAll(/([A-Z_]+)=(\S+)/g)];
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]));
}
