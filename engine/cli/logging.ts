// The engine's log: a file in the state directory, and stderr when asked for.
// Belongs here: winston, its transports and its end. Does not belong here: what is logged, and secrets, ever.
import { errorText } from '../base/errors.ts';
import type { Log } from '../runtime/log.ts';
import { createLogger, format, transports } from 'winston';
import type { StartOptions } from './host.ts';

const MAX_BYTES = 5 * 1024 * 1024;
const MAX_FILES = 2;

export interface OpenLog extends Log {
  /** Resolves when every line has reached its file: a process that exits before loses them. */
  close(): Promise<void>;
}

/** One JSON object a line: time, level, message, fields. A log that cannot be written stops nothing. */
export function openLog(file: string, options: StartOptions): OpenLog {
  const lines = format.combine(format.timestamp(), format.json());
  const toFile = new transports.File({
    filename: file,
    maxsize: MAX_BYTES,
    maxFiles: MAX_FILES,
    tailable: true,
    options: { flags: 'a', mode: 0o600 },
  });
  const toStderr = new transports.Console({
    stderrLevels: ['error', 'warn', 'info', 'debug'],
    consoleWarnLevels: [],
  });
  const logger = createLogger({
    level: options.logLevel,
    format: lines,
    transports: options.logToStderr ? [toFile, toStderr] : [toFile],
  });
  const failed = new Promise<void>(resolve => {
    const broken = (thrown: unknown): void => {
      if (options.logToStderr)
        process.stderr.write(`murano-workflow: the log ${file} is not written: ${errorText(thrown)}\n`);
      resolve();
    };
    toFile.on('error', broken);
    logger.on('error', broken);
  });
  const write =
    (level: string) =>
    (message: string, fields?: { readonly [name: string]: unknown }): void =>
      void logger.log(level, message, fields ?? {});
  return {
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    close: async () => {
      const finished = new Promise<void>(resolve => void toFile.once('finish', resolve));
      logger.end();
      await Promise.race([finished, failed]);
    },
  };
}
