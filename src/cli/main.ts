#!/usr/bin/env node
import { runCli } from './program.ts';

// A reader that has seen enough, as in `metasteer status | head -1`, is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

await runCli({
  argv: process.argv.slice(2),
  variables: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  exit: (code) => {
    process.exitCode = code;
  },
});
