// How `murano-workflow-agent` ends, as numbers for scripts and service managers.
// Belongs here: the codes; docs/reference/agent-program.md lists them. Does not belong here: what leads to them.

export const EXIT = {
  /** Asked to stop, by SIGTERM, SIGINT or SIGHUP; or `--check` found everything in order. */
  stopped: 0,
  /** The agent cannot start: its state directory is in use, damaged or cannot be written. */
  failed: 1,
  /** A wrong option, or a configuration that cannot be read. */
  usage: 2,
  /** `--check`: the configuration is right, and the broker cannot be reached or refuses the login. */
  unreachable: 3,
} as const;
