// The document of the API (OpenAPI 3.1), made of the routes and their schemas.
// Belongs here: routes → document. Does not belong here: routes (routes/), schemas (schemas/).
import { z } from 'zod';
import type { JsonObject, JsonValue } from '../base/json.ts';
import type { Authenticator } from './auth/types.ts';
import { PROBLEM_TYPE } from './problem.ts';
import type { Route } from './route.ts';
import { problemDetails } from './schemas/common.ts';
import { NAMED } from './schemas/names.ts';

/** Of the API, not of the engine: raised with every change of what is asked or answered. */
const VERSION = '1.0.0';

export function documentOf(routes: readonly Route[], scheme: Authenticator['scheme']): JsonObject {
  const paths: { [path: string]: { [method: string]: JsonValue } } = {};
  for (const one of routes) paths[one.path] = { ...paths[one.path], [one.method]: operation(one) };
  return {
    openapi: '3.1.0',
    info: {
      title: 'murano-workflow',
      version: VERSION,
      summary: 'Workflows, agents and the engine that runs them, for operators and for other services.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    ...(scheme !== undefined && { security: [{ token: [] }] }),
    paths,
    components: {
      schemas: schemas(),
      ...(scheme !== undefined && { securitySchemes: { token: security(scheme) } }),
    },
  };
}

const security = (scheme: NonNullable<Authenticator['scheme']>): JsonObject =>
  scheme === 'Keystone'
    ? { type: 'apiKey', in: 'header', name: 'X-Auth-Token' }
    : { type: 'http', scheme: 'bearer' };

function operation(one: Route): JsonObject {
  const { method, path, tag, summary, role, params, query, body } = one;
  return {
    operationId:
      `${method}${path.replaceAll(/[/{}_.-]+(\w)/g, (_, letter: string) => letter.toUpperCase())}`.replaceAll(
        /\W/g,
        '',
      ),
    tags: [tag],
    summary,
    ...(role === 'anyone' ? { security: [] } : { description: `Needs the role \`${role}\`.` }),
    parameters: [...parametersOf('path', params), ...parametersOf('query', query)],
    ...(body !== undefined && {
      requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body) } } },
    }),
    responses: {
      [one.answer.status ?? 200]: success(one),
      default: {
        description: 'What went wrong, and what to do about it.',
        content: { [PROBLEM_TYPE]: { schema: schemaOf(problemDetails) } },
      },
    },
  };
}

function success({ answer: { says, json, types = [] } }: Route): JsonObject {
  const content = {
    ...(json !== undefined && { 'application/json': { schema: schemaOf(json) } }),
    ...Object.fromEntries(types.map(type => [type, {}])),
  };
  return { description: says, ...(Object.keys(content).length > 0 && { content }) };
}

function parametersOf(place: 'path' | 'query', schema: z.ZodObject | undefined): JsonObject[] {
  return Object.entries(schema?.shape ?? {}).map(([name, of]) => {
    const { description, ...shape } = schemaOf(of as z.ZodType);
    const isRequired = place === 'path' || !(of as z.ZodType).safeParse(undefined).success;
    return {
      name,
      in: place,
      required: isRequired,
      ...(description !== undefined && { description }),
      schema: shape,
    };
  });
}

const REFERENCE = '#/components/schemas/';

/** A named one by its name. */
function schemaOf(schema: z.ZodType): { [key: string]: JsonValue } {
  const name = NAMED.get(schema)?.id;
  if (name !== undefined) return { $ref: `${REFERENCE}${name}` };
  const { $schema: _, $defs: __, ...made } = plain(schema) as { [key: string]: JsonValue };
  return rewritten(made) as { [key: string]: JsonValue };
}

const plain = (schema: z.ZodType): unknown =>
  z.toJSONSchema(schema, { io: 'input', metadata: NAMED, unrepresentable: 'any' });

function schemas(): JsonObject {
  const { schemas: made } = z.toJSONSchema(NAMED, {
    io: 'input',
    uri: name => `${REFERENCE}${name}`,
    unrepresentable: 'any',
  });
  return Object.fromEntries(
    Object.entries(made).map(([name, schema]) => [name, rewritten(alone(schema as JsonObject))]),
  ) as JsonObject;
}

/** Within the document it needs no name of its own. */
function alone(whole: JsonObject): JsonObject {
  const { $schema: _, $id: __, id: ___, ...schema } = whole;
  return schema;
}

/** References within a schema that stands alone lead to the components of the document. */
function rewritten(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(rewritten);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' && typeof inner === 'string'
        ? inner.replace('#/$defs/', REFERENCE)
        : rewritten(inner as JsonValue),
    ]),
  );
}
