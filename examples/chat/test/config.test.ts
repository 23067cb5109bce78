import { parseConfig, waitForConfig } from '../core/config.ts'
import { verdictOn } from '../core/refusals.ts'

test('people choose among agents for people, eliza first', () => {
  const agents = [
    { name: 'support', title: 'Support' },
    { name: 'replay' },
    { name: 'eliza', title: 'ELIZA' },
    { name: 'plain' },
  ]
  expect(parseConfig({ publishableKey: 'av_pk_1', agents })?.agents).toEqual([
    { name: 'eliza', title: 'ELIZA' },
    { name: 'support', title: 'Support' },
    { name: 'plain', title: 'plain' },
  ])
})

test.each([null, [], {}, { publishableKey: 'av_pk_1' }, { agents: [] }])('%j is no configuration', (body) => {
  expect(parseConfig(body)).toBeNull()
})

test('the configuration is waited for', async () => {
  const config = { publishableKey: 'av_pk_1', agents: [] }
  const reasons: string[] = []
  let tries = 0
  const load = async () => {
    if (++tries === 1) throw new Error('Nobody is there.')
    return config
  }
  expect(await waitForConfig(load, (why) => reasons.push(why))).toBe(config)
  expect(reasons).toEqual(['Nobody is there.'])
})

test.each([
  ['token_expired', 'renew'],
  ['not_found', 'gone'],
  ['not_connected', 'soon'],
  ['rate_limited', 'later'],
  ['schema_violation', 'final'],
  ['constructor', 'final'],
])('%s -> %s', (code, verdict) => {
  expect(verdictOn({ code, message: '' })).toBe(verdict)
})
