/** `voicegate certificate …`: a certificate from AWS Certificate Manager by any DNS, and what a stack's is like. */

import type { Command } from 'commander';
import type { Terminal } from '../terminal';
import { addOrderCommand } from './order-command';
import { addRequestCommands } from './request-commands';
import { addShowCommand } from './show-command';

export function addCertificateCommands(program: Command, terminal: Terminal): void {
  const certificate = program
    .command('certificate')
    .description('certificates of AWS Certificate Manager: request one with DNS anywhere, look at the one of a stack');
  addRequestCommands(certificate, terminal);
  addShowCommand(certificate, terminal);
  addOrderCommand(certificate, terminal);
}
