#!/usr/bin/env node
// The `voicegate` command. The package holds it built; a checkout builds it when it is first called.
import { existsSync } from 'node:fs';

const built = new URL('../dist/cli.js', import.meta.url);
if (!existsSync(built)) await build();
await import(built);

async function build() {
  const [{ prepare }, { isProblem }, { createProgress }] = await Promise.all([
    import('../local/launch/prepare.mjs'),
    import('../local/launch/problem.mjs'),
    import('../local/launch/progress.mjs'),
  ]);
  // Standard output is the command's own.
  const progress = createProgress({ stream: process.stderr });
  try {
    await prepare({ progress, signal: new AbortController().signal });
  } catch (error) {
    process.stderr.write(`${isProblem(error) ? error.message : error.stack}\n`);
    process.exit(1);
  } finally {
    progress.close();
  }
}
