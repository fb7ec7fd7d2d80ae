import { randomUUID } from 'node:crypto';
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseImage, type Runner } from './runner.js';

/**
 * A stock nginx image: the container's own command, with the nginx of this machine first in PATH. It runs as the
 * current user; the image's STOPSIGNAL is SIGQUIT.
 */
export const nginxRunner: Runner = {
  handles: (image) => /(?:^|\/)nginx(?:-unprivileged)?$/.test(parseImage(image).repository),

  async prepare(container, context) {
    const entryPoint = container.entryPoint ?? [];
    const command = container.command ?? [];
    if (entryPoint.length + command.length === 0) {
      throw new Error(
        `container ${container.name} (${container.image}) has neither entryPoint nor command; the image's own start ` +
          'needs its /etc/nginx, which does not exist here: give the container a command',
      );
    }
    await putWrapper(context.binDirectory, context.tools.nginx);
    return {
      entryPoint,
      command,
      imageEnv: {},
      localEnv: { VOICEGATE_NGINX_MODULES: context.tools.nginxModules },
      path: [context.binDirectory],
      workingDirectory: container.workingDirectory ?? context.containerDirectory,
      paths: [],
      stopSignal: 'SIGQUIT',
      // Its addresses come in by the environment and are changed there: a connection costs it no more than elsewhere.
      ownLoopback: false,
    };
  },
};

/** A wrapper, not a link: what the tool does may depend on the path by which it is called. */
async function putWrapper(directory: string, nginx: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  // Moved into place: other tasks may be starting at this moment.
  const file = join(directory, `.nginx-${randomUUID()}`);
  await writeFile(file, `#!/bin/sh\nexec ${shellQuote(nginx)} "$@"\n`);
  await chmod(file, 0o755);
  await rename(file, join(directory, 'nginx'));
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
