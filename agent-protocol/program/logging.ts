// The program's log: a file that is rotated, and standard error for whoever started it (systemd's journal).
// Belongs here: winston, and the serial console. Does not belong here: what is said; secrets, ever.
import { appendFile } from 'node:fs/promises';
import { createLogger, format, transports } from 'winston';

const MAX_BYTES = 5 * 1024 * 1024;
const MAX_FILES = 3;

/** Also where nothing can be written: whoever has no console has the log. `machineConsole` empty: there is none. */
export async function tellConsole(machineConsole: string, text: string): Promise<void> {
  if (machineConsole === '') return;
  await appendFile(machineConsole, `murano-workflow-agent: ${text}\r\n`).catch(() => undefined);
}

export interface ProgramLog {
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
  /** Also where the cloud's console log shows it: of a VM that nobody can reach, that is all there is to read. */
  onConsole(text: string): void;
  /** Resolves when every line has reached its file. */
  close(): Promise<void>;
}

/**
 * One JSON object a line in the file, plain lines on standard error. A log that cannot be written stops nothing.
 * `machineConsole`: a device or file; empty for none.
 */
export function openProgramLog(file: string, level: string, machineConsole: string): ProgramLog {
  const toFile = new transports.File({
    filename: file,
    maxsize: MAX_BYTES,
    maxFiles: MAX_FILES,
    tailable: true,
    format: format.combine(format.timestamp(), format.json()),
    options: { flags: 'a', mode: 0o600 },
  });
  const toStderr = new transports.Console({
    stderrLevels: ['error', 'warn', 'info'],
    consoleWarnLevels: [],
    format: format.printf(({ level: of, message }) => `${of}: ${String(message)}`),
  });
  const logger = createLogger({ level, transports: [toFile, toStderr] });
  const failed = new Promise<void>(resolve => {
    const broken = (): void => resolve();
    toFile.on('error', broken);
    logger.on('error', broken);
  });
  const write = (of: string) => (text: string) => void logger.log(of, text);
  return {
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    onConsole: text => void tellConsole(machineConsole, text),
    async close() {
      const finished = new Promise<void>(resolve => void toFile.once('finish', resolve));
      logger.end();
      await Promise.race([finished, failed]);
    },
  };
}
