#!/usr/bin/env node
import { run } from './program';
import { processTerminal } from './terminal';

// A reader that has seen enough, such as `head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'ENOSPC') {
    process.stderr.write(
      'voicegate: the disk is full: what was to be printed is not whole; free some space and run it again\n',
    );
    process.exit(1);
  }
  if (error.code !== 'EPIPE') throw error;
});

run(process.argv.slice(2), processTerminal()).then((exitCode) => {
  process.exitCode = exitCode;
});
