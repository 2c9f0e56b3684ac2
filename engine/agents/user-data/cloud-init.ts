// User data for Linux, as cloud-init reads it: the configuration written, the service started.
// Belongs here: what our part says. Does not belong here: the configuration's fields (agent-protocol/enrolment/config.ts),
// joining it with the author's own user data (mime.ts).
//
// The service comes with the image, or with the author's own part, whose scripts run before `runcmd`.
import { CONFIG_FILE } from '../../../agent-protocol/enrolment/config.ts';

/** As the image's service is named, on Linux and on Windows. */
export const SERVICE = 'murano-workflow-agent';

/** `#cloud-config`; the configuration in base64, so that nothing of it is YAML. */
export function cloudConfig(configuration: string): string {
  return [
    '#cloud-config',
    'write_files:',
    `  - path: ${CONFIG_FILE.linux}`,
    '    owner: root:root',
    "    permissions: '0600'",
    '    encoding: b64',
    `    content: ${Buffer.from(configuration, 'utf8').toString('base64')}`,
    'runcmd:',
    // Without waiting: cloud-init itself is what the service may be ordered after.
    `  - [systemctl, enable, --now, --no-block, ${SERVICE}.service]`,
    '',
  ].join('\n');
}
