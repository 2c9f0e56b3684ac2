// Every bound of messages and of the agent, in one place (rule P8); printed in docs/reference/agent.md.
// Belongs here: numbers with their unit. Does not belong here: the engine's bounds (engine/base/limits.ts).

const KIB = 1024;
const MIB = 1024 * KIB;

export const AGENT_LIMITS = {
  /** Bytes of one message body, and how deep its JSON may nest. */
  messageBytes: 4 * MIB,
  messageDepth: 64,
  /** Characters of ids, step names, paths, user names, and of one sentence of text. */
  idLength: 64,
  stepLength: 200,
  pathLength: 4_096,
  userLength: 256,
  sentenceLength: 4_096,
  /** Characters of a script's or a file's text, and of one input's JSON once it is an environment variable. */
  scriptLength: MIB,
  variableBytes: 120 * KIB,
  /** Characters of a URL; redirects that a download follows, and its bytes. */
  urlLength: 2_048,
  redirects: 5,
  downloadBytes: 8 * 1024 * MIB,
  /** Bytes of all inputs together as JSON. */
  inputsBytes: MIB,
  /** Names of inputs and of outputs in one command. */
  names: 500,
  /** Commands in one `welcome.live` or `hello.unreceipted`; commands that an agent holds at once. */
  liveCommands: 10_000,
  heldCommands: 1_000,
  /** Scripts that run at once, when none of them is exclusive. */
  runningScripts: 16,
  /** Tombstones and refusals kept for commands not seen or already answered. */
  tombstones: 10_000,
  /** Bytes of one output file, and of all outputs of one script. */
  outputBytes: 256 * KIB,
  outputsBytes: 256 * KIB,
  /** Bytes of each stream kept on the VM's disk: the first and the last of them; bytes of the tail reported. */
  headBytes: 256 * KIB,
  tailBytes: 256 * KIB,
  reportedTailBytes: 8 * KIB,
  /** Live output: bytes of one piece, bytes per second and in all, for one stream. */
  liveBytes: 8 * KIB,
  liveBytesPerSecond: 32 * KIB,
  liveTotalBytes: 4 * MIB,
  /** Milliseconds between looks at a running script's output and end, when nothing announces them. */
  livePollMs: 100,
  /** Longest run, in milliseconds (30 days); reboots one script may ask for. */
  timeoutMs: 30 * 24 * 3_600_000,
  reboots: 100,
  /** Milliseconds between TERM and KILL, and for pipes still held after the main process ended. */
  killGraceMs: 5_000,
  pipeGraceMs: 500,
  /** Bytes kept in reserve so that outcomes fit on a full disk; free bytes below which commands are refused. */
  journalReserveBytes: MIB,
  minimumFreeBytes: 16 * MIB,
  /** Records after which the journal is rewritten without what is forgotten. */
  journalCompactRecords: 1_000,
  /** Records that may wait for the next sync because nothing is lost with them. */
  deferredRecords: 100,
  /** Reconnecting: first and longest pause, in milliseconds; each is drawn between half of it and all of it. */
  reconnectMs: 200,
  reconnectMaxMs: 30_000,
  /** Milliseconds that the news of a start is held back: a script that ends within them is told by its end alone. */
  startedWaitMs: 50,
  /** Milliseconds after which an outcome without receipt is sent again. */
  resendMs: 15_000,
  /** Messages from the engine that may be unsettled at once. */
  prefetch: 32,
  /** Bytes of one message of an enrolment; seconds after which an agent that was refused asks again, at most. */
  enrolmentBytes: 64 * KIB,
  enrolRetrySeconds: 3_600,
} as const;
