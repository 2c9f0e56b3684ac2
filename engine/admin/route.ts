// A route as data: what is served and documented is made of the same table.
// Belongs here: the type, and its making with types that hold. Does not belong here: any route (routes/), express (mount.ts),
// the document (openapi.ts).
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import type { z } from 'zod';
import type { EngineApi } from '../runtime/api.ts';
import type { Actor } from '../runtime/ports.ts';
import type { OperatorViews } from '../runtime/operator-api.ts';
import type { Principal, Role } from './auth/types.ts';
import type { Streams } from './stream/streams.ts';

/** What routes work with. */
export interface Parts {
  readonly api: EngineApi;
  readonly views: OperatorViews;
  readonly streams: Streams;
  /** What is counted; absent: nothing is. */
  readonly metrics?: Registry;
  /** Whether the engine can take requests. */
  readonly ready: () => Promise<boolean>;
}

export interface Ask<Params, Query, Body> extends Parts {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly who: Principal;
  /** For the audit log. */
  readonly actor: Actor;
  readonly headers: IncomingHttpHeaders;
  /** The project whose workflows are seen; undefined: all. */
  readonly project: string | undefined;
  /** EngineError `not_found` for a workflow that is not there, or another project's. */
  readonly reach: (workflow: string) => Promise<void>;
  /** Whether what came with the request still lets one read. */
  readonly welcome: () => Promise<boolean>;
}

export type Reply =
  | {
      readonly status?: number;
      readonly headers?: { readonly [name: string]: string };
      readonly json: object;
    }
  | { readonly type: string; readonly text: string; readonly status?: number }
  /** Answers by itself, and resolves when the answer is over. */
  | { readonly stream: (response: ServerResponse) => Promise<void> };

type Shape = z.ZodObject;

export interface Route {
  readonly method: 'get' | 'post' | 'delete';
  /** As OpenAPI writes it: `/v1/workflows/{id}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  /** What one must have to be answered; `anyone`: nothing, not even authentication. */
  readonly role: Role | 'anyone';
  readonly params?: Shape;
  readonly query?: Shape;
  readonly body?: z.ZodType;
  /** Of success: JSON of this shape, or another type of content. */
  readonly answer: Answer;
  handle(ask: Ask<unknown, unknown, unknown>): Promise<Reply>;
}

export interface Answer {
  readonly status?: number;
  readonly says: string;
  readonly json?: z.ZodType;
  /** Other types of content that it may have. */
  readonly types?: readonly string[];
}

type Infer<Given> = Given extends z.ZodType ? z.infer<Given> : undefined;

/** The same, with the parameters of `handle` as the schemas say. */
export function route<
  Params extends Shape | undefined = undefined,
  Query extends Shape | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(
  given: Omit<Route, 'handle' | 'params' | 'query' | 'body'> & {
    readonly params?: Params;
    readonly query?: Query;
    readonly body?: Body;
    handle(ask: Ask<Infer<Params>, Infer<Query>, Infer<Body>>): Promise<Reply>;
  },
): Route {
  return given as unknown as Route;
}
