import { expect, test } from '@jest/globals'
import { DEFAULT_POLICY } from '@shared/domain/agents'
import { createOutboundGuard } from '@shared/outbound/guard'
import { createPool } from '@shared/store/pool'
import { publish } from '../publishConfig.ts'

/** Nothing answers there: what is refused must be refused before. */
const db = createPool({ url: 'postgres://nobody@127.0.0.1:1/nothing', name: 'test', max: 1, onError: () => undefined })
const guard = createOutboundGuard(['127.0.0.0/8', 'inside.example'])

test.each([
  ['http://shop.example/jwks', 'https'],
  ['http://inside.example/jwks', 'https'],
  ['https://169.254.169.254/latest', 'link-local'],
  ['https://user:password@shop.example/', 'user name'],
])('keys at %s are refused when they are published', async (jwksUrl, fault) => {
  const auth = { issuer: 'https://shop.example', audience: 'agentview', jwksUrl }
  await expect(publish(db, 'org_1', { agents: [], auth }, 'start', guard)).rejects.toThrow(fault)
})

test('an agent’s URL is refused when it is published', async () => {
  const definition = {
    name: 'inside',
    url: 'http://10.0.0.1/',
    version: '1.0.0',
    protocol: 'agentview' as const,
    policy: DEFAULT_POLICY,
    allowUnknownMetadata: true,
    runs: [{ type: 'chat' }],
  }
  await expect(publish(db, 'org_1', { agents: [definition] }, 'start', guard)).rejects.toThrow('private network')
})
