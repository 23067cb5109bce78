import { expect, test } from '@jest/globals'
import { type AgentDefinition, DEFAULT_POLICY } from '@shared/domain/agents'
import { sealDefinition, unsealDefinition } from '../sealedDefinitions.ts'
import { seal, sealAlike, unseal } from '../sealedSecrets.ts'

const SECRET = 'a'.repeat(32)

const definition: AgentDefinition = {
  name: 'model',
  url: 'https://api.example/v1/chat/completions',
  version: '1.0.0',
  protocol: 'openai',
  openai: { model: 'small', apiKey: 'sk-very-secret' },
  policy: DEFAULT_POLICY,
  runs: [{ type: 'chat' }],
}

test('a definition is stored without its key, and used with it', () => {
  const sealed = sealDefinition(SECRET, definition)
  expect(JSON.stringify(sealed)).not.toContain('sk-very-secret')
  expect(unsealDefinition(SECRET, sealed)).toEqual(definition)
  expect(() => unsealDefinition('b'.repeat(32), sealed)).toThrow('AGENTVIEW_SECRET')
})

test('the same definition is stored alike, so that it is no new version', () => {
  expect(sealDefinition(SECRET, definition)).toEqual(sealDefinition(SECRET, structuredClone(definition)))
})

test('a definition without a key is stored as it is', () => {
  const { openai: _openai, ...plain } = definition
  expect(sealDefinition(SECRET, plain)).toBe(plain)
})

test('texts that are sealed alike share nothing with others, and open as those sealed at random', () => {
  const one = sealAlike(SECRET, 'one')
  expect(one).toBe(sealAlike(SECRET, 'one'))
  expect(one.slice(0, 19)).not.toBe(sealAlike(SECRET, 'two').slice(0, 19))
  expect(one).not.toBe(sealAlike('b'.repeat(32), 'one'))
  expect([unseal(SECRET, one), unseal(SECRET, seal(SECRET, 'one'))]).toEqual(['one', 'one'])
})
