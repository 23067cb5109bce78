import fc from 'fast-check'

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

/**
 * JSON texts that somebody may send in the place of any value: what can't be stored, what overflows, what poisons, what
 * means something to a database, a file system or a browser. As texts: no value of ours is a number beyond 2^53, an
 * object with a key twice, or one whose prototype was set.
 */
const VALUES = [
  ...['null', 'true', '0', '-1', '1.5', '-0', '1e999', '-1e999', '9007199254740993', '9223372036854775808'],
  ...[
    '2147483648',
    '123456789012345678901234567890',
    '1e-400',
    '""',
    '" "',
    '"0"',
    '"null"',
    '"NaN"',
    '[]',
    '{}',
    '[[]]',
  ],
  ...['"a\\u0000b"', '"\\ud83d"', '"\\ude00\\ud83d"', '{"\\u0000":1}', '{"\\ud83d":1}', '"\\ufeff"', '"\\u202ea"'],
  ...['{"__proto__":{"isAdmin":true}}', '{"constructor":{"prototype":{"isAdmin":true}}}', '{"prototype":1}'],
  ...['{"a":1,"a":2}', '{"":""}', '{"a~1b/c":1}', '{"toString":1,"hasOwnProperty":2,"then":3}', '{"$ref":"#"}'],
  ...['"\' or 1=1 --"', '"$1"', '"%00"', '"%"', '"a\\r\\nX-Evil: 1"', '"../../etc/passwd"', '"<script>"', '"=1+1"'],
  ...['"ses_01jd0000000000000000000000"', '"ses_8zzzzzzzzzzzzzzzzzzzzzzzzz"', '"@{ses 0}"', '"@{run 0}"', '"@{eu 1}"'],
  ...['"http://127.0.0.1:1/"', '"http://2130706433/"', '"http://[::ffff:10.0.0.1]/"', '"http://user:x@shop.example/"'],
  ...['"javascript:alert(1)"', '"http://shop.example:99999/"', '"//"', '"1.0.0-"', '"99999999999.0.0"'],
  ...[nested(62), nested(65), nested(1_000), `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`],
  `"${'x'.repeat(256)}"`,
  `"${'€'.repeat(70_000)}"`,
  `"${'x'.repeat(300_000)}"`,
  `[${'{},'.repeat(1_500)}{}]`,
  `{${Array.from({ length: 3_000 }, (_, index) => `"k${index}":${index}`).join(',')}}`,
]

export const hostileJson: fc.Arbitrary<string> = fc.constantFrom(...VALUES)

/** Bodies that are wrong as a whole; what follows is a valid one's text. */
export const HOSTILE_BODIES: readonly ((valid: string) => string)[] = [
  () => '',
  () => 'x',
  () => '   ',
  () => 'null',
  () => '[]',
  () => '5',
  () => '"text"',
  () => nested(100_000),
  () => `{"input":${nested(20_000)}}`,
  () => '{"__proto__":{"agent":"echo"}}',
  (valid) => valid.slice(0, -1),
  (valid) => valid.slice(0, Math.ceil(valid.length / 2)),
  (valid) => `${valid} and more`,
  (valid) => `\ufeff${valid}`,
  (valid) => `[${valid}]`,
  (valid) => valid.replace('{', '{"__proto__":{"isAdmin":true},'),
  (valid) => valid.replace('{', '{"status":"completed","organizationId":"org_1","epoch":7,'),
  (valid) => valid.replace('{', `{"pad":"${'x'.repeat(1_100_000)}",`),
]

/** Parts of paths and queries, as they are on the wire. */
export const hostileAddress: fc.Arbitrary<string> = fc.constantFrom(
  ...[
    '%',
    '%00',
    '%C3%28',
    '%ED%A0%80',
    '%E0%A4%A',
    '..%2F..',
    '%2e%2e',
    '%0d%0aX-Evil:%201',
    '%20',
    '%25',
    '%EF%BB%BF',
  ],
  ...[
    '__proto__',
    'constructor',
    'undefined',
    'null',
    'NaN',
    '-1',
    '1e9',
    '99999999999999999999',
    "'%20or%201=1--",
    '*',
  ],
  ...['ses_1', 'run_01jd0000000000000000000000', 'ses_81jd0000000000000000000000', 'SES_01JD0000000000000000000000'],
  ...['@{ses 0}', '@{run 0}', '@{itm 0}', '@{eu 0}', '@{whe 0}', '@{whd 0}'],
  'x'.repeat(300),
  'x'.repeat(9_000),
)

/** Whole queries. */
export const HOSTILE_QUERIES = [
  ...[
    '?',
    '&&&',
    '=',
    'a',
    'limit',
    'limit=',
    'limit=0',
    'limit=201',
    'limit=-1',
    'limit=1.5',
    'limit=1&limit=2',
    'limit=1e2',
  ],
  ...['cursor=', 'cursor=*', 'cursor=WzFd', 'cursor=W10', 'cursor=WyIiXQ', 'cursor=WzIxNDc0ODM2NDhd', 'cursor=bnVsbA'],
  ...[
    'cursor=W251bGxd',
    'cursor=WzEsMl0',
    'cursor=WzFlOTld',
    'after=-1',
    'after=1.5',
    'after=9007199254740993',
    'after=x',
  ],
  ...[
    'order=sideways',
    'agent=%00',
    'agent=%ED%A0%80',
    'metadata.=1',
    'metadata.a.b=1',
    'metadata.a%00=1',
    'metadata.a=%00',
  ],
  ...['__proto__=1', 'constructor=1', 'organizationId=org_1', 'status=done', 'a=%', 'metadata.__proto__=1', 'token=x'],
  Array.from({ length: 11 }, (_, index) => `metadata.k${index}=1`).join('&'),
  Array.from({ length: 2_000 }, (_, index) => `k${index}=1`).join('&'),
]
