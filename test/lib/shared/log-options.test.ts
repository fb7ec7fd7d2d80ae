import { RemovalPolicy } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { describe, expect, it } from 'vitest';
import { EdgeCertificate } from '../../../lib';
import { only, type Properties, service, TestStack, warnings } from '../support/stack';

const LOG = 'AWS::Logs::LogGroup';

describe('log groups', () => {
  const stack = new TestStack();
  const key = new kms.Key(stack, 'Key');
  service(
    {
      certificate: EdgeCertificate.letsEncrypt({ email: 'ops@example.com' }),
      domainNames: ['tts.example.com'],
      logRetention: RetentionDays.SIX_MONTHS,
      logEncryptionKey: key,
      logRemovalPolicy: RemovalPolicy.RETAIN,
    },
    stack,
  );
  const template = Template.fromStack(stack);

  it('of gate, authorizer, firewall and certificate are all kept, encrypted and left behind as one is told', () => {
    const groups = Object.values(template.findResources(LOG));
    expect(groups).toHaveLength(6);
    for (const { Properties, DeletionPolicy } of groups) {
      expect(Properties.RetentionInDays).toBe(180);
      expect(Properties.KmsKeyId).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] });
      expect(DeletionPolicy).toBe('Retain');
    }
  });

  it('may use the key, once in its policy and for logs of this account alone', () => {
    const { KeyPolicy } = only(template, 'AWS::KMS::Key') as {
      readonly KeyPolicy: { readonly Statement: readonly { readonly Principal: Properties }[] };
    };
    const statements = KeyPolicy.Statement.filter(({ Principal }) => Principal.Service !== undefined);
    expect(statements).toHaveLength(1);
    expect(JSON.stringify(statements)).toContain('logs.eu-west-1.');
    expect(JSON.stringify(statements)).toContain(':logs:eu-west-1:111122223333:log-group:*');
  });

  it('are a year and a month, unencrypted by a key of one’s own and removed, when nothing is said', () => {
    const found = service().template().findResources(LOG);
    const all = Object.values(found).map(({ Properties, DeletionPolicy }) => [
      Properties.RetentionInDays,
      Properties.KmsKeyId,
      DeletionPolicy,
    ]);
    expect(all.sort(([a], [b]) => a - b)).toEqual([
      [30, undefined, 'Delete'],
      [30, undefined, 'Delete'],
      [365, undefined, 'Delete'],
    ]);
  });

  it('warn of a key whose policy cannot be changed here', () => {
    const other = new TestStack();
    const logEncryptionKey = kms.Key.fromKeyArn(other, 'Theirs', 'arn:aws:kms:eu-west-1:111122223333:key/0123');
    service({ logEncryptionKey, firewallEnabled: false }, other);
    expect(warnings(other).join()).toContain('logEncryptionKey Test/Theirs was made outside this app');
  });
});
