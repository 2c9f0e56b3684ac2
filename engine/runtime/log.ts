// What the runtime says to operators, without knowing who writes it down.
// Belongs here: the interface, and the log that says nothing. Does not belong here: winston (main.ts), secrets, ever.

export interface Log {
  info(message: string, fields?: { readonly [name: string]: unknown }): void;
  warn(message: string, fields?: { readonly [name: string]: unknown }): void;
  error(message: string, fields?: { readonly [name: string]: unknown }): void;
}

export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };
