// User data for Windows, as cloudbase-init reads it: a PowerShell script that writes the configuration and starts the service.
// Belongs here: what our part says. Does not belong here: the configuration's fields (agent-protocol/enrolment/config.ts),
// joining it with the author's own user data (mime.ts).
import { CONFIG_FILE } from '../../../agent-protocol/enrolment/config.ts';
import { SERVICE } from './cloud-init.ts';

/** Readable by the system (S-1-5-18) and administrators (S-1-5-32-544) alone, whatever they are called in its language. */
export function powershell(configuration: string): string {
  const file = CONFIG_FILE.windows;
  const directory = file.slice(0, file.lastIndexOf('\\'));
  return [
    '#ps1_sysnative',
    "$ErrorActionPreference = 'Stop'",
    `New-Item -ItemType Directory -Force -Path '${directory}' | Out-Null`,
    `icacls.exe '${directory}' /inheritance:r /grant '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F' | Out-Null`,
    `$text = '${Buffer.from(configuration, 'utf8').toString('base64')}'`,
    `[IO.File]::WriteAllBytes('${file}', [Convert]::FromBase64String($text))`,
    `Set-Service -Name '${SERVICE}' -StartupType Automatic`,
    `Start-Service -Name '${SERVICE}'`,
    '',
  ].join('\r\n');
}
