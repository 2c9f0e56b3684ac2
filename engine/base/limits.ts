// Every bound of the engine, in one place (rule P8), enforced at the door and printed in docs/reference/limits.md.
// Belongs here: numbers with their unit. Does not belong here: the agent's bounds (agent-protocol/limits.ts).

export const LIMITS = {
  /** Bytes of a definition's text, or of its JSON when given as a map. */
  definitionBytes: 512 * 1024,
  /** A template, an environment, or a file of a template: what Heat itself takes with a request, unless it was told otherwise. */
  templateBytes: 1024 * 1024,
  /** Nesting of a definition's YAML. */
  definitionDepth: 40,
  /** Bytes of one file named by `file:`, and of all files of a definition. */
  fileBytes: 512 * 1024,
  filesBytes: 4 * 1024 * 1024,
  /** Definitions inside each other, and all that one leads to; children of one workflow that may run. */
  childDepth: 5,
  childDefinitions: 50,
  children: 1_000,
  /** Characters of a URL. */
  urlLength: 2_048,
  entities: 100,
  statesPerEntity: 200,
  rolesPerEntity: 20,
  rollingsPerEntity: 20,
  operations: 50,
  operationSteps: 50,
  operationStates: 100,
  pastOperations: 20,
  batchesPerRolling: 100,
  requirementsPerState: 100,
  inputs: 200,
  outputs: 200,
  /** Characters of a secret that is made. */
  shortestSecret: 8,
  longestSecret: 128,
  /** Members of one group. */
  members: 1_000,
  /** Steps of one compiled graph. */
  steps: 100_000,
  /** Seconds without a word after which another engine takes over a shared store. */
  leastLease: 3,
  longestLease: 300,
  /** Characters of a name. */
  nameLength: 63,
  /** Problems reported for one definition; the count of the rest is said. */
  problems: 200,
  /** CEL: nodes and depth of one expression, nested comprehensions, `cel.bind` depth. */
  expressionNodes: 500,
  expressionDepth: 32,
  expressionLoops: 2,
  expressionBinds: 4,
  /** Static budget of one expression: its nodes times the list limits of the loops around them. */
  expressionCost: 5_000_000,
  /** Items of a list and bytes of a value that an expression may read or make. */
  expressionItems: 1_000,
  expressionResultBytes: 1024 * 1024,
  hostFunctionBytes: 64 * 1024,
  /** Bytes of all inputs of a workflow; of one member's `data`; of one step's outputs. */
  inputsBytes: 256 * 1024,
  memberDataBytes: 64 * 1024,
  /** Bytes of user data: in base64 Nova takes 64 KiB. */
  userDataBytes: 48 * 1024,
  stepOutputsBytes: 256 * 1024,
  /** Retry attempts, and milliseconds of any time written in a definition (30 days). */
  attempts: 1_000,
  /** Times that a rescue may give a step new attempts. */
  rescues: 10,
  /** Interruptions in a row after which a step fails instead of running again. */
  interruptions: 10,
  durationMs: 30 * 24 * 3_600_000,
  /** Events absorbed by one commit; requests waiting in the inbox per workflow. */
  batchEvents: 100,
  inboxPerWorkflow: 1_000,
  /** Of a call to a cloud: milliseconds until its answer is there, and bytes of that. */
  cloudRequestMs: 60_000,
  cloudAnswerBytes: 1024 * 1024,
  /** Credentials whose tokens are kept at a time. */
  cloudSessions: 1_000,
  /** Dead letters that are kept, and of one agent. */
  deadLetters: 1_000,
  deadLettersOfOne: 100,
  /** Of a call to the management of the agents' broker: milliseconds until its answer is there, and bytes of that. */
  brokerRequestMs: 30_000,
  brokerAnswerBytes: 64 * 1024 * 1024,
  /** Characters kept of an error's text and of a script's tail in state and events. */
  errorText: 2_000,
  tailBytes: 2_048,
  /** Entries of the audit log that are forgotten at a time, and days for which it can be kept. */
  auditForgotten: 10_000,
  auditDays: 36_500,
  /** Workflows of which an engine remembers when they changed last, for who follows all of them and was cut off. */
  changesKept: 10_000,
  /** Steps named by one cause of an explanation, roots that it gives, and links of a chain to one; of the rest the number is said. */
  namesTold: 8,
  rootsTold: 5,
  linksTold: 24,
  /** Hosts that an operator may allow to be called. */
  egressEntries: 1_000,
  /** Headers that a call may send, and status codes that it may expect. */
  httpHeaders: 50,
  httpStatuses: 50,
  /** Bytes of a service's answer to a call, and of its headers. */
  httpAnswerBytes: 1024 * 1024,
  httpHeaderBytes: 32 * 1024,
  /** Milliseconds until the answer to one look is there, where a service is looked at again and again. */
  httpLookMs: 60_000,
  /** States of a definition that is drawn; a larger one goes out as mermaid text. */
  drawnStates: 300,
  /** What one attribute of a resource in Heat shows: states, failures, bytes of all outputs as JSON and of the graph. */
  shownStates: 1_000,
  shownFailures: 100,
  shownOutputBytes: 1024 * 1024,
  shownGraphBytes: 256 * 1024,
  /** Log entries that one answer to Heat is made of. */
  toldEntries: 1_000,
  /** Bytes of what is sent to the operator's endpoint: a definition with all its files, inputs and members. */
  adminBodyBytes: 8 * 1024 * 1024,
  /** Workflows, steps, log entries of one page. */
  adminPage: 1_000,
  /** Streams that are open at a time; milliseconds until a client that does not read is cut off. */
  adminStreams: 500,
  adminStallMs: 30_000,
  /** Tokens of which it is kept for a moment whose they are. */
  adminTokens: 10_000,
  /** Bytes of an answer of an engine elsewhere, to a command. */
  remoteAnswerBytes: 64 * 1024 * 1024,
} as const;
