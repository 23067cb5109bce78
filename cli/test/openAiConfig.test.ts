import { describe, expect, test } from '@jest/globals'
import { loadConfig } from '../config/loadConfig.ts'
import { configWith, mistakeOf, write } from './fixtures/config/configFolder.ts'

const load = async (agent: string) =>
  (await loadConfig(await write('agentview.config.ts', configWith('', agent)))).agents[0]

describe('an agent with the protocol openai', () => {
  test('keeps what the endpoint is asked with; tools have schemas, parameters are anything', async () => {
    const agent = await load(`protocol: 'openai', openai: {
      model: 'small', apiKey: process.env.ABSENT_KEY, system: 'Be brief.',
      tools: [{ name: 'now' }, { name: 'find', parameters: { '~standard': { jsonSchema: { input: () => ({ type: 'object' }) } } } }],
      parameters: { temperature: 0, type: 'nothing', response_format: { type: 'json_object' }, stop: ['END'] },
    },`)
    expect(agent).toMatchObject({ protocol: 'openai' })
    expect(agent?.openai).toStrictEqual({
      model: 'small',
      system: 'Be brief.',
      tools: [{ name: 'now' }, { name: 'find', parameters: { type: 'object' } }],
      parameters: { temperature: 0, type: 'nothing', response_format: { type: 'json_object' }, stop: ['END'] },
    })
  })

  test.each([
    ["protocol: 'openai',", /protocol is "openai", which needs openai: \{ model: "…" \} beside it/],
    ["openai: { model: 'small' },", /openai counts only with protocol: "openai" beside it/],
    ["protocol: 'openai', openai: { modell: 'small' },", /openai\.modell is not known; did you mean "model"\?/],
    ["protocol: 'openai', openai: { model: 'small', apiKey: 'a\\nb' },", /openai\.apiKey must match/],
    ["protocol: 'openai', openai: { model: 'm', tools: [{ name: 'a b' }] },", /tools\[0\]\.name must match/],
    [
      "protocol: 'openai', openai: { model: 'm', tools: [{ name: 'a', parameters: { type: 'strin' } }] },",
      /tools\[0\]\.parameters/,
    ],
  ])('is refused with %s', async (agent, message) => {
    expect(await mistakeOf(configWith('', agent))).toMatch(message)
  })

  test('is refused without a word of its key', async () => {
    const mistake = await mistakeOf(configWith('', "protocol: 'openai', openai: { model: 'm', apiKey: 'sk secret' },"))
    expect(mistake).not.toContain('secret')
  })
})
