// Every route there is, in the order of the document.
// Belongs here: the list. Does not belong here: any of them.
import type { JsonObject } from '../../base/json.ts';
import type { Route } from '../route.ts';
import { actionRoutes } from './actions.ts';
import { agentRoutes } from './agents.ts';
import { auditRoutes } from './audit.ts';
import { deadLetterRoutes } from './dead-letters.ts';
import { engineRoutes } from './engine.ts';
import { eventRoutes } from './events.ts';
import { workflowRoutes } from './workflows.ts';

/** `openMetrics`: whoever asks is given the numbers. */
export const allRoutes = (document: () => JsonObject, openMetrics = false): readonly Route[] => [
  ...workflowRoutes,
  ...actionRoutes,
  ...eventRoutes,
  ...agentRoutes,
  ...deadLetterRoutes,
  ...auditRoutes,
  ...engineRoutes(document, openMetrics),
];
