import { beforeAll, describe, expect, it } from 'vitest';
import { type CloudFormation, defaultApp, readTemplate } from './support/default-app';
import { ACCOUNT, allowed, arn, type Call, STACK_ID } from './support/rights';

let template: CloudFormation;
let keyTable: string;

const AUTHORIZER = /^AuthorizerRole/;
const CERTIFICATE = /CertificateRole/;
const TASK = /TaskTaskRole/;
const EXECUTION = /TaskExecutionRole/;

beforeAll(() => {
  const { app, templateFile } = defaultApp();
  app.synth();
  template = readTemplate(templateFile);
  const [table] = Object.keys(template.Resources).filter(
    (name) => template.Resources[name]?.Type === 'AWS::DynamoDB::GlobalTable',
  );
  keyTable = arn('dynamodb', `table/${table}`);
});

function update(attributes: string[], leadingKey: string, returned = 'NONE'): Call {
  return {
    action: 'dynamodb:UpdateItem',
    resource: keyTable,
    context: {
      'dynamodb:Attributes': attributes,
      'dynamodb:LeadingKeys': [leadingKey],
      'dynamodb:ReturnValues': returned,
    },
  };
}

function certificate(action: string, tags: Readonly<Record<string, string>>): Call {
  return { action, resource: arn('acm', 'certificate/11111111-2222-3333-4444-555555555555'), context: tags };
}

const KEY = 'Ab3dEf6hIj9k';
const OTHER_STACK = STACK_ID.replace('Voicegate', 'Other');

describe('the authorizer', () => {
  it('reads one key of its table', async () => {
    expect(await allowed(template, AUTHORIZER, { action: 'dynamodb:GetItem', resource: keyTable })).toBe(true);
  });

  it('notes when a key was used', async () => {
    expect(await allowed(template, AUTHORIZER, update(['keyId', 'lastUsedAt'], KEY))).toBe(true);
  });

  it('counts a quota in an item of its own', async () => {
    const counter = update(['keyId', 'version', 'days', 'windows', 'leases', 'deleteAt'], `quota#${KEY}#2026-11`);
    expect(await allowed(template, AUTHORIZER, counter)).toBe(true);
  });

  it.each(['hash', 'revokedAt', 'expiresAt', 'owner', 'scopes', 'plan', 'disabledAt', 'deleteAt'])(
    'cannot write the %s of a key',
    async (attribute) => {
      expect(await allowed(template, AUTHORIZER, update(['keyId', attribute], KEY))).toBe(false);
    },
  );

  it('cannot have a whole item returned by an update', async () => {
    expect(await allowed(template, AUTHORIZER, update(['keyId', 'lastUsedAt'], KEY, 'ALL_NEW'))).toBe(false);
  });

  it.each(['dynamodb:PutItem', 'dynamodb:DeleteItem', 'dynamodb:Scan', 'dynamodb:Query', 'dynamodb:DeleteTable'])(
    'cannot call %s',
    async (action) => {
      expect(await allowed(template, AUTHORIZER, { action, resource: keyTable })).toBe(false);
    },
  );

  it('cannot read another table', async () => {
    const resource = arn('dynamodb', 'table/other');
    expect(await allowed(template, AUTHORIZER, { action: 'dynamodb:GetItem', resource })).toBe(false);
  });
});

describe('the tasks', () => {
  const live = arn('lambda', 'function:authorizer:live');

  it('invoke the alias of the authorizer', async () => {
    expect(await allowed(template, TASK, { action: 'lambda:InvokeFunction', resource: live })).toBe(true);
  });

  it.each<[string, () => Call]>([
    ['another function', () => ({ action: 'lambda:InvokeFunction', resource: arn('lambda', 'function:other') })],
    ['another version', () => ({ action: 'lambda:InvokeFunction', resource: arn('lambda', 'function:authorizer:1') })],
    ['the key table', () => ({ action: 'dynamodb:GetItem', resource: keyTable })],
    ['the code of the authorizer', () => ({ action: 'lambda:GetFunction', resource: live })],
    [
      'secrets',
      () => ({ action: 'secretsmanager:GetSecretValue', resource: arn('secretsmanager', 'secret:x-AbCdEf') }),
    ],
    ['roles', () => ({ action: 'sts:AssumeRole', resource: `arn:aws:iam::${ACCOUNT}:role/Admin` })],
    ['objects', () => ({ action: 's3:GetObject', resource: 'arn:aws:s3:::any/thing' })],
  ])('cannot reach %s', async (_, call) => {
    expect(await allowed(template, TASK, call())).toBe(false);
  });
});

describe('what starts the tasks', () => {
  it('writes the log of the service and no other', async () => {
    const [log] = Object.keys(template.Resources).filter((name) => /^ServiceLog/.test(name));
    const call = (name: string): Call => ({
      action: 'logs:PutLogEvents',
      resource: arn('logs', `log-group:${name}:log-stream:s`),
    });
    expect(await allowed(template, EXECUTION, call(String(log)))).toBe(true);
    expect(await allowed(template, EXECUTION, call('other'))).toBe(false);
  });

  it('cannot pull from a repository that is not the image', async () => {
    const resource = arn('ecr', 'repository/other');
    expect(await allowed(template, EXECUTION, { action: 'ecr:BatchGetImage', resource })).toBe(false);
  });
});

describe('the function of the certificate', () => {
  const request = (stack: string) => ({ 'aws:RequestTag/voicegate:stack': stack });
  const resource = (stack: string) => ({ 'aws:ResourceTag/voicegate:stack': stack });

  it('imports a certificate that it tags as its stack', async () => {
    for (const action of ['acm:ImportCertificate', 'acm:AddTagsToCertificate']) {
      expect(await allowed(template, CERTIFICATE, certificate(action, request(STACK_ID)))).toBe(true);
    }
  });

  it.each(['acm:ImportCertificate', 'acm:GetCertificate', 'acm:DeleteCertificate'])(
    'calls %s on certificates of its stack and no others',
    async (action) => {
      expect(await allowed(template, CERTIFICATE, certificate(action, resource(STACK_ID)))).toBe(true);
      expect(await allowed(template, CERTIFICATE, certificate(action, resource(OTHER_STACK)))).toBe(false);
      expect(await allowed(template, CERTIFICATE, certificate(action, {}))).toBe(false);
    },
  );

  it('cannot give a certificate to another stack, nor read a key', async () => {
    const give = certificate('acm:AddTagsToCertificate', request(OTHER_STACK));
    expect(await allowed(template, CERTIFICATE, give)).toBe(false);
    const read = certificate('acm:ExportCertificate', resource(STACK_ID));
    expect(await allowed(template, CERTIFICATE, read)).toBe(false);
  });
});

describe('no role of the stack', () => {
  it.each<[string, Call]>([
    ['IAM', { action: 'iam:PassRole', resource: `arn:aws:iam::${ACCOUNT}:role/Admin` }],
    ['KMS', { action: 'kms:Decrypt', resource: arn('kms', 'key/11111111-2222-3333-4444-555555555555') }],
    ['the web ACL', { action: 'wafv2:DeleteWebACL', resource: arn('wafv2', 'regional/webacl/x/y') }],
    ['access logs', { action: 's3:GetObject', resource: 'arn:aws:s3:::ServiceEdgeAccessLogs/AWSLogs/x' }],
  ])('touches %s', async (_, call) => {
    for (const role of [AUTHORIZER, CERTIFICATE, TASK, EXECUTION]) {
      expect(await allowed(template, role, call)).toBe(false);
    }
  });
});

describe("the functions of a certificate by Let's Encrypt", () => {
  const ORDER = /AcmeRole/;
  const ANSWER = /AcmeChallengesRole/;
  let acme: CloudFormation;
  let certificateArn: string;
  let accountKey: string;

  beforeAll(() => {
    const { app, templateFile } = defaultApp({ letsEncryptEmail: 'ops@example.com', domainNames: 'tts.example.com' });
    app.synth();
    acme = readTemplate(templateFile);
    const idOf = (type: string, pattern: RegExp) =>
      Object.keys(acme.Resources).find((name) => acme.Resources[name]?.Type === type && pattern.test(name)) ?? '';
    certificateArn = arn('acm', `certificate/${idOf('Custom::SelfSignedCertificate', /./)}`);
    accountKey = arn('secretsmanager', `secret:${idOf('AWS::SecretsManager::Secret', /AccountKey/)}-AbCdEf`);
  });

  const remember = (tags: readonly string[]): Call => ({
    action: 'acm:AddTagsToCertificate',
    resource: certificateArn,
    context: { 'aws:TagKeys': [...tags] },
  });

  it.each(['acm:GetCertificate', 'acm:ImportCertificate', 'acm:ListTagsForCertificate'])(
    'call %s for this certificate and no other',
    async (action) => {
      expect(await allowed(acme, ORDER, { action, resource: certificateArn })).toBe(true);
      expect(await allowed(acme, ORDER, certificate(action, {}))).toBe(false);
    },
  );

  it('remember orders by their own tags, and cannot touch the one that the rights of others follow', async () => {
    expect(await allowed(acme, ORDER, remember(['voicegate:ordered-at', 'voicegate:last-result']))).toBe(true);
    expect(await allowed(acme, ORDER, remember(['voicegate:stack']))).toBe(false);
    expect(await allowed(acme, ORDER, remember(['voicegate:ordered-at', 'voicegate:stack']))).toBe(false);
  });

  it('read the account’s key, which only the function that made it writes', async () => {
    const read = { action: 'secretsmanager:GetSecretValue', resource: accountKey };
    const write = { action: 'secretsmanager:PutSecretValue', resource: accountKey };
    expect(await allowed(acme, ORDER, read)).toBe(true);
    expect(await allowed(acme, ORDER, write)).toBe(false);
    expect(await allowed(acme, CERTIFICATE, write)).toBe(true);
    const other = arn('secretsmanager', 'secret:other-AbCdEf');
    expect(await allowed(acme, ORDER, { ...read, resource: other })).toBe(false);
    expect(await allowed(acme, CERTIFICATE, { ...write, resource: other })).toBe(false);
  });

  it.each([
    ['deletes it', 'acm:DeleteCertificate'],
    ['reads its key', 'acm:ExportCertificate'],
  ])('neither of them %s', async (_, action) => {
    for (const role of [ORDER, ANSWER]) {
      expect(await allowed(acme, role, { action, resource: certificateArn })).toBe(false);
    }
  });

  it('do nothing at all where they only answer challenges', async () => {
    expect(await allowed(acme, ANSWER, { action: 'acm:GetCertificate', resource: certificateArn })).toBe(false);
    expect(await allowed(acme, ANSWER, { action: 'secretsmanager:GetSecretValue', resource: accountKey })).toBe(false);
  });
});
