/** `voicegate certificate order`: the function that orders by ACME looks now, not at its hour, and what it found is told. */

import type { Command } from 'commander';
import { OUTPUTS } from '../../contract/names';
import { type ClientConfig, describeStack, outputsNamed, resolveTarget, type TargetOptions } from '../aws-target';
import { CommandError, NotFoundError } from '../command-error';
import { json, withStack } from '../keys/context';
import type { Terminal } from '../terminal';
import { stackName } from './show-command';

/** The function may take five minutes. Milliseconds. */
const WITHIN = 320_000;

interface Order {
  readonly result: string;
  readonly detail: string;
}

export function addOrderCommand(certificate: Command, terminal: Terminal): void {
  withStack(
    certificate
      .command('order')
      .description("let the function that orders by ACME (Let's Encrypt) look now, and tell what it found"),
  ).action(async (options: TargetOptions & { readonly json?: boolean }) => {
    const { config, stack: name } = resolveTarget(stackName(options), terminal.env);
    const [output, ...others] = outputsNamed(await describeStack(config, name), OUTPUTS.certificateOrderFunctionName);
    if (output === undefined || others.length > 0) {
      throw new NotFoundError(
        `stack ${name} has ${others.length > 0 ? 'more than one output' : 'no output'} ${OUTPUTS.certificateOrderFunctionName}: ` +
          'its certificate is not ordered by ACME, or its app is your own and outputs no such name',
      );
    }
    if (options.local) {
      terminal.tell('No authority on the internet reaches the local cloud: names are looked up, nothing is issued.\n');
    }
    terminal.tell('Looking where the names lead; an order takes up to five minutes.\n');
    const order = await invoke(output.value, config);
    terminal.out(options.json ? json(order) : `${order.result}: ${order.detail}\n`);
    if (!['issued', 'nothing to do'].includes(order.result)) throw new CommandError(`nothing was issued`);
  });
}

async function invoke(FunctionName: string, config: ClientConfig): Promise<Order> {
  const { LambdaClient, InvokeCommand } = await import('@aws-sdk/client-lambda');
  const requestHandler = { ...config.requestHandler, requestTimeout: WITHIN };
  // One try: another would be another order.
  const client = new LambdaClient({ ...config, maxAttempts: 1, requestHandler });
  const { Payload, FunctionError } = await client.send(new InvokeCommand({ FunctionName, Payload: '{}' }));
  const text = Buffer.from(Payload ?? []).toString();
  if (FunctionError === undefined) return JSON.parse(text) as Order;
  throw new CommandError(`the function ${FunctionName} failed: ${text.slice(0, 500)}`);
}
