import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from '../../local/launch/prepare.mjs';
import { ensureTools } from '../../local/toolchain/index.mjs';

/** One of each protocol, one that botocore calls otherwise, and what is no service. */
const SERVICES = ['sts', 'dynamodb', 'lambda', 's3', 'monitoring', 'states', 'route53', 'nonsense', '..', ''];

const PROGRAM = `
import json, sys
import protocols
from ministack.core import responses

def types():
    sent = ["text/xml", "application/xml", "application/json", "image/png"]
    return {
        service: [[kind(service, one) for one in sent] for kind in (
            responses.expected_success_content_type, responses.expected_error_content_type
        )]
        for service in sys.argv[1:]
    }

botocores = responses._service_model
protocols.install()
ours = types()
alone = "botocore" not in sys.modules
from ministack.services import stepfunctions
task = stepfunctions._sdk_json_result("dynamodb", "GetItem", {"Item": {"id": {"S": "a"}}})
responses._service_model = botocores
print(json.dumps([ours, types(), alone, task]))
`;

it('the types of the emulated answers are those of botocore, which only a task of a state machine loads', async () => {
  const { python } = await ensureTools();
  const env = { ...process.env, PYTHONPATH: join(root, 'local/emulator') };
  const output = execFileSync(python, ['-c', PROGRAM, ...SERVICES], { cwd: root, env, encoding: 'utf8' });
  const [ours, theirs, alone, task] = JSON.parse(output);
  expect(ours).toEqual(theirs);
  expect(alone).toBe(true);
  expect(ours.dynamodb[0]).toContain('application/x-amz-json-1.0');
  expect(ours.nonsense[0]).toEqual([null, null, null, null]);
  expect(task).toEqual({ Item: { id: { S: 'a' } } });
});
