import { describe, expect, it } from 'vitest';
import { readConfig } from '../../bin/config';
import { CONFIG_KEYS } from '../../bin/config-keys';

describe('the configuration of the app', () => {
  it('has a stack name, and leaves everything else to the library', () => {
    expect(readConfig({})).toEqual({ stackName: 'Voicegate' });
  });

  it('reads what cdk -c passes as text', () => {
    expect(
      readConfig({
        requestsPerMinute: '120',
        firewall: 'false',
        accessLogs: 'true',
        publicPaths: '/, /static/*,POST /hook',
        domainNames: 'tts.example.org',
        firewallWindow: '300',
        network: 'public',
      }),
    ).toEqual({
      stackName: 'Voicegate',
      requestsPerMinute: 120,
      firewall: false,
      accessLogs: true,
      publicPaths: ['/', '/static/*', 'POST /hook'],
      domainNames: ['tts.example.org'],
      firewallWindow: 300,
      network: 'public',
    });
  });

  it('reads what cdk.json holds as numbers, booleans and lists', () => {
    expect(readConfig({ desiredCount: 3, firewall: false, synthesisPaths: ['/say'], publicPaths: '' })).toMatchObject({
      desiredCount: 3,
      firewall: false,
      synthesisPaths: ['/say'],
      publicPaths: [],
    });
  });

  it('reads domain names as DNS does, like the construct', () => {
    expect(readConfig({ domainNames: 'TTS.Example.Com., b.example.com' }).domainNames).toEqual([
      'tts.example.com',
      'b.example.com',
    ]);
  });

  it("lets the toolkit's own context pass", () => {
    expect(() =>
      readConfig({
        '@aws-cdk/aws-iam:minimizePolicies': true,
        'aws:cdk:enable-path-metadata': true,
        'availability-zones:account=1:region=eu-west-1': ['eu-west-1a'],
        'hosted-zone:account=1:domainName=example.org:region=eu-west-1': { Id: 'Z1' },
        'cli-telemetry': false,
      }),
    ).not.toThrow();
  });

  it('tells a misspelt key what it was meant to be', () => {
    expect(() => readConfig({ requestPerMinute: '5' })).toThrow(
      'requestPerMinute: no such key; did you mean requestsPerMinute?',
    );
    expect(() => readConfig({ desiredcount: 5 })).toThrow('did you mean desiredCount?');
  });

  it('lists the keys where none is near', () => {
    expect(() => readConfig({ colour: 'blue' })).toThrow(/colour: no such key; allowed: stackName, image, /);
  });

  it.each<[string, unknown]>([
    ['requestsPerMinute', '0'],
    ['requestsPerMinute', 'many'],
    ['requestsPerMinute', '1e3'],
    ['firewallRequests', 9],
    ['firewallWindow', '90'],
    ['appPort', '65536'],
    ['environment', 'VOICE'],
    ['environment', 'A=1,A=2'],
    ['environment', { 'A-B': '1' }],
    ['environment', { A: ['1'] }],
    ['secretArns', 'TOKEN=arn:aws:s3:::bucket'],
    ['capacity', 'gpu'],
    ['maxTasks', '0'],
    ['logRetention', '31'],
    ['availabilityZones', 'eu-west-1a'],
    ['availabilityZones', 'a,a'],
    ['firewall', 'yes'],
    ['network', 'isolated'],
    ['publicPaths', 'static'],
    ['domainNames', 'not a domain'],
    ['domainNames', 'https://tts.example.com'],
    ['domainNames', 'tts.example.com:443'],
    ['certificateArn', 'arn:aws:iam::1:x'],
    ['stackName', '9lives'],
    ['keyPrefix', 'A_B'],
    ['longestRequest', 3601],
    ['architecture', 'mips'],
    ['engine', 'festival'],
  ])('refuses %s=%o, saying what was given and what is allowed', (name, value) => {
    const allowed = CONFIG_KEYS[name as keyof typeof CONFIG_KEYS].allowed;
    expect(() => readConfig({ [name]: value })).toThrow(`${name}: got ${JSON.stringify(value)}; allowed: ${allowed}`);
  });

  it('names every problem at once', () => {
    expect(() => readConfig({ network: 'x', queue: -1, colour: 1 })).toThrow(/network: .*queue: .*colour: /s);
  });

  it('accepts tokens of an issuer only for audiences that are named', () => {
    const tokenIssuer = 'https://idp.example/tenant';
    expect(readConfig({ tokenIssuer, tokenAudiences: 'speech, other' })).toMatchObject({
      tokenIssuer,
      tokenAudiences: ['speech', 'other'],
    });
    expect(() => readConfig({ tokenIssuer })).toThrow('tokenAudiences: got none');
    expect(() => readConfig({ tokenAudiences: 'speech' })).toThrow('tokenAudiences: needs tokenIssuer');
    expect(() => readConfig({ tokenIssuer: 'http://idp.example', tokenAudiences: 'a' })).toThrow('tokenIssuer: got');
  });

  it('reads names and values from text or from an object', () => {
    expect(readConfig({ environment: 'VOICE=zh, EXPR=a=b,EMPTY=' }).environment).toEqual({
      VOICE: 'zh',
      EXPR: 'a=b',
      EMPTY: '',
    });
    expect(readConfig({ environment: { LIST: 'a,b', NUMBER: 5, FLAG: true } }).environment).toEqual({
      LIST: 'a,b',
      NUMBER: '5',
      FLAG: 'true',
    });
    expect(readConfig({ availabilityZones: 'a,c' }).availabilityZones).toEqual(['a', 'c']);
  });

  it('refuses keys that contradict each other', () => {
    expect(() => readConfig({ maxTasks: 2, desiredCount: 3 })).toThrow(
      'maxTasks: got 2; allowed: at least desiredCount, 3',
    );
    const arn = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:token';
    expect(() => readConfig({ environment: 'A=1', secretArns: `A=${arn}` })).toThrow(
      'environment and secretArns: both set A',
    );
    expect(() => readConfig({ hostedZoneId: 'Z1' })).toThrow('hostedZoneId and hostedZoneName: give both or neither');
    const zone = { hostedZoneId: 'Z1', hostedZoneName: 'example.org' };
    expect(() => readConfig(zone)).toThrow('domainNames: got none');
    expect(() => readConfig({ engine: 'kokoro', image: 'tts' })).toThrow('engine: got kokoro with image; it chooses');
  });
});
