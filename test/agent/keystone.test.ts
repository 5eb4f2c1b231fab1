import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type Answer, type Cloud, type CloudSays, json, startCloud } from '../../bench/agent/openstack.ts';
import { Keystone, type KeystoneOptions } from '../../src/agent/keystone.ts';
import type { Login } from '../../src/agent/keystone-login.ts';
import { SourceError } from '../../src/agent/source.ts';
import { LOGIN, never, PASSWORD } from './neutron-setup.ts';

const HOUR_MS = 3_600_000;

let cloud: Cloud & { readonly says: CloudSays };
let clock: { ms: number };
const open: Keystone[] = [];

before(async () => {
  cloud = await startCloud();
});
after(async () => {
  await Promise.all(open.map((keystone) => keystone.close()));
  await cloud.close();
});
beforeEach(() => {
  clock = { ms: 0 };
  cloud.tokenLifeMs = HOUR_MS;
  cloud.keystone.say = cloud.says.keystone;
  cloud.keystone.asked.length = 0;
});

function keystone(options: Partial<KeystoneOptions> = {}): Keystone {
  const made = new Keystone({ url: cloud.keystone.url, login: LOGIN, now: () => clock.ms, ...options });
  open.push(made);
  return made;
}

async function tokenOf(from: Keystone): Promise<string> {
  return (await from.session(never())).token;
}

/** Keystone's answers wait until the function is called. */
function hold(): () => void {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  cloud.keystone.say = async (asked) => {
    await held;
    return cloud.says.keystone(asked);
  };
  return release;
}

/** When a background renewal has ended: its question was answered, and the answer read. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe('a log-in', () => {
  const user = { name: 'metasteer', domain: { name: 'Default' } };
  const cases: readonly [what: string, login: Login, auth: unknown][] = [
    [
      'with a password and names',
      LOGIN,
      {
        identity: { methods: ['password'], password: { user: { ...user, password: PASSWORD } } },
        scope: { project: { name: 'service', domain: { name: 'Default' } } },
      },
    ],
    [
      'with a password and ids',
      { method: 'password', user: { id: 'u' }, password: () => PASSWORD, project: { id: 'p' } },
      {
        identity: { methods: ['password'], password: { user: { id: 'u', password: PASSWORD } } },
        scope: { project: { id: 'p' } },
      },
    ],
    [
      'with an application credential by id',
      { method: 'application-credential', credential: { id: 'c' }, secret: PASSWORD },
      { identity: { methods: ['application_credential'], application_credential: { id: 'c', secret: PASSWORD } } },
    ],
    [
      'with an application credential by name and user',
      { method: 'application-credential', credential: { name: 'c', user }, secret: () => PASSWORD },
      {
        identity: {
          methods: ['application_credential'],
          application_credential: { name: 'c', user, secret: PASSWORD },
        },
      },
    ],
  ];
  for (const [what, login, auth] of cases) {
    test(`${what} is put as the Identity API describes it`, async () => {
      await tokenOf(keystone({ login }));
      const [asked] = cloud.keystone.asked;
      assert.deepEqual([asked?.method, asked?.path], ['POST', '/v3/auth/tokens']);
      assert.equal(asked?.headers['content-type'], 'application/json');
      assert.deepEqual(JSON.parse(asked?.body ?? ''), { auth });
    });
  }

  test('reads its password anew each time', async () => {
    let password = 'first';
    const one = keystone({ login: { ...LOGIN, password: () => password } as Login });
    await tokenOf(one);
    password = 'second';
    clock.ms = HOUR_MS;
    await tokenOf(one);
    const sent = cloud.keystone.asked.map((asked) => /"password":"(\w+)"/.exec(asked.body)?.[1]);
    assert.deepEqual(sent, ['first', 'second']);
  });

  test('whose password cannot be read fails, and says why', async () => {
    const login = {
      ...LOGIN,
      password: () => {
        throw new Error('no such file: /etc/metasteer/password');
      },
    } as Login;
    await assert.rejects(tokenOf(keystone({ login })), {
      name: 'SourceError',
      message: /user metasteer: no such file/,
    });
  });

  for (const [given, path] of [
    ['', '/v3/auth/tokens'],
    ['/', '/v3/auth/tokens'],
    ['/v3', '/v3/auth/tokens'],
    ['/v3/', '/v3/auth/tokens'],
    ['/identity', '/identity/v3/auth/tokens'],
    ['/identity/v3', '/identity/v3/auth/tokens'],
  ]) {
    test(`to a URL that ends in “${given}” goes to ${path}`, async () => {
      await tokenOf(keystone({ url: cloud.keystone.url + given }));
      assert.equal(cloud.keystone.asked[0]?.path, path);
    });
  }

  for (const url of [
    'keystone:5000',
    'ftp://keystone/v3',
    'http://user:secret@keystone/v3',
    'http://keystone/v3?a=b',
    '',
  ]) {
    test(`to “${url}” is refused at once`, () => {
      assert.throws(() => keystone({ url }), TypeError);
    });
  }
});

describe('a token', () => {
  test('is kept, then renewed ahead of its end while it still serves', async () => {
    const one = keystone();
    const first = await tokenOf(one);
    clock.ms = HOUR_MS - 120_001;
    assert.equal(await tokenOf(one), first);
    assert.equal(cloud.keystone.asked.length, 1);
    clock.ms = HOUR_MS - 120_000;
    assert.equal(await tokenOf(one), first);
    await until(async () => (await tokenOf(one)) !== first);
    assert.equal(cloud.keystone.asked.length, 2);
  });

  test('of a short life is renewed in its last quarter', async () => {
    cloud.tokenLifeMs = 4000;
    const one = keystone();
    const first = await tokenOf(one);
    clock.ms = 2999;
    await tokenOf(one);
    assert.equal(cloud.keystone.asked.length, 1);
    clock.ms = 3000;
    await until(async () => (await tokenOf(one)) !== first);
  });

  test('that cannot be renewed serves to its end, and not after it', async () => {
    const one = keystone();
    const first = await tokenOf(one);
    cloud.keystone.say = () => json(503, {});
    clock.ms = HOUR_MS - 1000;
    assert.equal(await tokenOf(one), first);
    await until(() => cloud.keystone.asked.length === 2);
    clock.ms = HOUR_MS - 1;
    assert.equal(await tokenOf(one), first);
    clock.ms = HOUR_MS;
    await assert.rejects(tokenOf(one), SourceError);
  });

  test('lasts as long as Keystone says, whatever the clock here says', async () => {
    cloud.keystone.say = async (asked) => {
      const answer = (await cloud.says.keystone(asked)) as Answer;
      const body = JSON.parse(String(answer.body)) as { token: object };
      const times = { issued_at: '2001-01-01T00:00:00.000000Z', expires_at: '2001-01-01T01:00:00.000000Z' };
      return { ...answer, body: JSON.stringify({ token: { ...body.token, ...times } }) };
    };
    const one = keystone();
    await tokenOf(one);
    clock.ms = HOUR_MS - 120_001;
    await tokenOf(one);
    assert.equal(cloud.keystone.asked.length, 1);
  });

  test('is asked for once by all who wait', async () => {
    const release = hold();
    const one = keystone();
    const all = Array.from({ length: 20 }, () => tokenOf(one));
    release();
    assert.equal(new Set(await Promise.all(all)).size, 1);
    assert.equal(cloud.keystone.asked.length, 1);
  });

  test('that one gives up waiting for still comes for the others', async () => {
    const release = hold();
    const one = keystone();
    const giveUp = new AbortController();
    const first = one.session(giveUp.signal);
    const second = tokenOf(one);
    giveUp.abort(new SourceError('given up'));
    await assert.rejects(first, { message: 'given up' });
    release();
    assert.match(await second, /^gAAAAAB/);
  });

  test('that is refused is dropped, but not one that has taken its place', async () => {
    const one = keystone();
    const old = await one.session(never());
    one.refuse(old);
    const current = await one.session(never());
    assert.notEqual(current.token, old.token);
    one.refuse(old);
    assert.equal(await tokenOf(one), current.token);
  });
});

describe('a refusal', () => {
  for (const [status, words] of [
    [400, /status 400/],
    [401, /user metasteer: the credentials are refused \(401\)/],
    [403, /\(403\)/],
    [404, /no Identity API v3/],
    [429, /too many/],
    [500, /out of order/],
    [503, /out of order/],
    [200, /status 200/],
  ] as const) {
    test(`with ${status} says so, and nothing of the answer or the password`, async () => {
      cloud.keystone.say = (asked) => json(status, { error: { message: `you sent ${asked.body}` } });
      await assert.rejects(tokenOf(keystone()), (error) => {
        assert.ok(error instanceof SourceError);
        assert.match(error.message, words);
        assert.ok(!error.message.includes(PASSWORD) && !error.message.includes('you sent'));
        return true;
      });
    });
  }

  for (const [what, change] of [
    ['without a token', (right: Answer) => ({ ...right, headers: {} })],
    ['with a token that is no header', (right: Answer) => ({ ...right, headers: { 'x-subject-token': 'two words' } })],
    [
      'without an end',
      (right: Answer) => ({ ...right, body: String(right.body).replace('"expires_at"', '"ends_at"') }),
    ],
    [
      'with an end that is no time',
      (right: Answer) => ({
        ...right,
        body: String(right.body).replace(/"expires_at":"[^"]*"/, '"expires_at":"soon"'),
      }),
    ],
    [
      'that had ended when issued',
      (right: Answer) => ({
        ...right,
        body: String(right.body).replace(/"expires_at":"[^"]*"/, '"expires_at":"2001-01-01T00:00:00.000000Z"'),
      }),
    ],
  ] as const) {
    test(`is what an answer ${what} is`, async () => {
      cloud.keystone.say = async (asked) => change((await cloud.says.keystone(asked)) as Answer);
      await assert.rejects(tokenOf(keystone()), SourceError);
    });
  }

  test('is followed by pauses, each twice as long, to ten seconds', async () => {
    const one = keystone();
    cloud.keystone.say = () => json(500, {});
    const pauses: number[] = [];
    for (let failure = 0; failure < 8; failure++) {
      await assert.rejects(tokenOf(one), /out of order \(500\)$/);
      const asked = cloud.keystone.asked.length;
      const left = await tokenOf(one).catch((error: Error) => Number(/again in (\d+) ms/.exec(error.message)?.[1]));
      assert.equal(cloud.keystone.asked.length, asked);
      pauses.push(Number(left));
      clock.ms += Number(left);
    }
    assert.deepEqual(pauses, [500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
    cloud.keystone.say = cloud.says.keystone;
    assert.match(await tokenOf(one), /^gAAAAAB/);
  });

  for (const [after, waitMs] of [
    ['30', 30_000],
    ['86400', 60_000],
    ['0', 500],
    ['soon', 500],
  ] as const) {
    test(`with Retry-After: ${after} is followed by a pause of ${waitMs} ms`, async () => {
      const one = keystone();
      cloud.keystone.say = () => json(429, {}, { 'retry-after': after });
      await assert.rejects(tokenOf(one), SourceError);
      await assert.rejects(tokenOf(one), new RegExp(`again in ${waitMs} ms`));
    });
  }
});

describe('a Keystone that does not answer', () => {
  test('is given up after the time limit', async () => {
    cloud.keystone.say = () => undefined;
    await assert.rejects(tokenOf(keystone({ timeoutMs: 20 })), {
      name: 'SourceError',
      message: /no answer within 20 ms/,
    });
  });

  test('because nobody listens is named with its address', async () => {
    const gone = await startCloud();
    await gone.close();
    const url = cloud.keystone.url.replace(/\d+$/, '1');
    await assert.rejects(tokenOf(keystone({ url })), {
      name: 'SourceError',
      message: /Keystone at http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/,
    });
  });

  test('until it is closed ends with that', async () => {
    const asked = new Promise<void>((resolve) => {
      cloud.keystone.say = () => void resolve();
    });
    const one = keystone();
    const ended = assert.rejects(tokenOf(one), SourceError);
    await asked;
    await one.close();
    await ended;
  });
});
