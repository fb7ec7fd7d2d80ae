import { describe, expect, it } from 'vitest';
import { localizeArgument, localizeValue } from '../../../local/tasks/localize.js';

const namespace = {
  address: '127.70.1.2',
  paths: [
    { containerPath: '/gate', folder: '/w/v/gate' },
    { containerPath: '/gate/cache/', folder: '/w/v/cache' },
  ],
};

describe('an environment value', () => {
  it.each([
    ['0.0.0.0:8080', '127.70.1.2:8080'],
    ['127.0.0.1:5000', '127.70.1.2:5000'],
    ['localhost:6379', '127.70.1.2:6379'],
    ['0.0.0.0', '127.70.1.2'],
    ['/gate', '/w/v/gate'],
    ['/gate/nginx.conf', '/w/v/gate/nginx.conf'],
    ['/gate/cache/x', '/w/v/cache/x'],
    ['/gate/lib:/usr/lib', '/w/v/gate/lib:/usr/lib'],
    [':/gate/cache', ':/w/v/cache'],
  ])('%s becomes %s', (value, expected) => {
    expect(localizeValue(value, namespace)).toBe(expected);
  });

  it.each([
    'http://localhost:4566',
    '127.0.0.1:5000/path',
    '127.0.0.1:5000,localhost:5001',
    '127.0.0.1',
    'localhost',
    'localhost:',
    'localhost:123456',
    '10.127.0.0.1:80',
    'mylocalhost:80',
    '/gateway/x',
    'at /gate',
    '',
  ])('%s stays as it is', (value) => {
    expect(localizeValue(value, namespace)).toBe(value);
  });
});

describe('an argument of a command', () => {
  it.each([
    ['--bind=0.0.0.0:5000', '--bind=127.70.1.2:5000'],
    ['curl -f http://localhost:8081/health || exit 1', 'curl -f http://127.70.1.2:8081/health || exit 1'],
    ['/gate/run.sh', '/w/v/gate/run.sh'],
    ['exec python /gate/run.py --bind unix:/gate/socket', 'exec python /w/v/gate/run.py --bind unix:/w/v/gate/socket'],
    ['--log="/gate/log"', '--log="/w/v/gate/log"'],
  ])('%s becomes %s', (value, expected) => {
    expect(localizeArgument(value, namespace)).toBe(expected);
  });

  it.each([
    'http://x/gate/y',
    '/gateway',
    'x/gate',
    'notlocalhost:80',
    '1127.0.0.1:80',
    'localhost:$PORT',
    '10.0.0.0.0:80',
  ])('%s stays as it is', (value) => {
    expect(localizeArgument(value, namespace)).toBe(value);
  });
});
