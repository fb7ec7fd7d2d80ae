import { execFileSync } from 'node:child_process';
import { Duration, Lazy } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { describe, expect, it } from 'vitest';
import { GATE_ENV } from '../../../contract/names';
import { AuthorizerGate, EdgeCertificate, RequestAuthorizer, SecureTtsService } from '../../../lib';
import { containers, someFunction, TestStack, taskWithApp } from '../support/stack';

function gate(appKeepAlive?: Duration): TestStack {
  const stack = new TestStack();
  const authorizer = RequestAuthorizer.fromFunction(someFunction(stack));
  AuthorizerGate.addTo(taskWithApp(stack), { authorizer, appKeepAlive });
  return stack;
}

function service(appKeepAlive?: Duration): TestStack {
  const stack = new TestStack();
  new SecureTtsService(stack, 'Service', {
    image: ecs.ContainerImage.fromRegistry('example.com/tts:1'),
    certificate: EdgeCertificate.fromArn('arn:aws:acm:eu-west-1:111122223333:certificate/1'),
    appKeepAlive,
  });
  return stack;
}

/** nginx's configuration as the task definition carries it, before the init container fills addresses in. */
function nginxConf(stack: TestStack): string {
  const environment = containers(Template.fromStack(stack))['gate-init']?.Environment as {
    Name: string;
    Value: string;
  }[];
  const bundle = environment.find(({ Name }) => Name === GATE_ENV.bundle)?.Value ?? '';
  return execFileSync('tar', ['-xzOf', '-', 'nginx.conf.in'], {
    input: Buffer.from(bundle, 'base64'),
    encoding: 'utf8',
    timeout: 30_000,
  });
}

/** The upstream block of the app, if there is one. */
const appUpstream = (conf: string) => /upstream voicegate_app \{[^}]*\}/.exec(conf)?.[0];

describe.each([
  ['AuthorizerGate', gate],
  ['SecureTtsService', service],
])('appKeepAlive of %s', (_, construct) => {
  it('has the gate keep its connections to the app a second less than the app does', () => {
    const conf = nginxConf(construct(Duration.seconds(75)));
    expect(appUpstream(conf)).toContain('keepalive_timeout 74s;');
    expect(conf).not.toContain('proxy_set_header Connection close;');
  });

  it('is off unless it is given: a connection for each request', () => {
    const conf = nginxConf(construct());
    expect(appUpstream(conf)).toBeUndefined();
    expect(conf).toContain('proxy_set_header Connection close;');
  });

  it.each([2, 3600])('may be %d seconds', (seconds) => {
    const conf = nginxConf(construct(Duration.seconds(seconds)));
    expect(appUpstream(conf)).toContain(`keepalive_timeout ${seconds - 1}s;`);
  });

  it.each([0, 1, 2.5, 3601])('refuses %d seconds at construction, naming what is allowed', (seconds) => {
    expect(() => construct(Duration.millis(seconds * 1000))).toThrow(
      `appKeepAlive must be whole seconds from 2 to 3600, got ${seconds} s`,
    );
  });

  it('refuses a time that only the deployment knows', () => {
    const unknown = Duration.seconds(Lazy.number({ produce: () => 75 }));
    expect(() => construct(unknown)).toThrow('appKeepAlive must be known at synthesis');
  });
});
