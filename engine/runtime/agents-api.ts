// What may be asked about single agents and members: by Heat's resources and by operators.
// Belongs here: requests and answers, plain JSON so that they cross a socket. Does not belong here: who carries them out
// (engine/agents/), RPC and its names (engine/heat/), the list of agents (api.ts).
//
// Every request may come twice: it names what it is about, and converges on it.
import type { JsonObject, JsonValue } from '../base/json.ts';

export const USER_DATA_FORMATS = ['cloud-init', 'cloudbase-init'] as const;
export type UserDataFormat = (typeof USER_DATA_FORMATS)[number];

/** The same server with another key: `approval`: an operator decides; `offline`: allowed once the former is silent. */
export const REENROLMENTS = ['approval', 'offline'] as const;
export type Reenrolment = (typeof REENROLMENTS)[number];

export type AgentRequest = { readonly by: string } & (
  | {
      readonly kind: 'create_agent';
      /** Random, never a name. */
      readonly agent: string;
      /** For people. */
      readonly name: string;
      readonly format: UserDataFormat;
      readonly reenrolment: Reenrolment;
      /** The template author's own user data. */
      readonly userData?: string;
    }
  | { readonly kind: 'show_agent' | 'user_data' | 'delete_agent'; readonly agent: string }
  | {
      readonly kind: 'put_member';
      readonly member: string;
      readonly agent: string;
      /** UUID of the server that the agent runs on. */
      readonly server: string;
      /** As the workflow calls it. */
      readonly name: string;
      readonly data?: JsonValue;
      readonly onLeave: 'undo' | 'abandon';
      /** Milliseconds that a workflow may take to let it go. */
      readonly leaveTimeout: number;
    }
  | { readonly kind: 'show_member' | 'delete_member'; readonly member: string }
  /** Of what an agent that may not enrol by the rules asked for last. `key`: only if it still is this key that asks. */
  | { readonly kind: 'approve' | 'refuse'; readonly agent: string; readonly key?: string | undefined }
  | { readonly kind: 'revoke'; readonly agent: string }
  /** `drop`: earlier signing keys of the engine count no more. */
  | { readonly kind: 'rotate_keys'; readonly drop: boolean }
);

export interface AgentsApi {
  /**
   * Does what is asked, and answers with what is now. EngineError `not_found`, `conflict` (the id is something else's),
   * `not_allowed` (with why), `stale` (another key asks), `limit_exceeded`, `usage`.
   */
  administer(request: AgentRequest): Promise<JsonObject>;
}
