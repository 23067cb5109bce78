import { describe, expect, test } from '@jest/globals'
import { loadConfig } from '../config/loadConfig.ts'
import { configWith, mistakeOf, write } from './fixtures/config/configFolder.ts'

const load = async (agent: string) =>
  (await loadConfig(await write('agentview.config.ts', configWith('', agent)))).agents[0]

describe('an agent with the protocol ag-ui', () => {
  test('needs nothing else', async () => {
    const agent = await load("protocol: 'ag-ui',")
    expect(agent).toMatchObject({ protocol: 'ag-ui' })
    expect(agent).not.toHaveProperty('agUi')
  })

  test('keeps what it is asked with; tools have schemas, props are anything', async () => {
    const agent = await load(`protocol: 'ag-ui', agUi: {
      apiKey: process.env.ABSENT_KEY,
      tools: [{ name: 'now' }, { name: 'find', parameters: { '~standard': { jsonSchema: { input: () => ({ type: 'object' }) } } } }],
      forwardedProps: { shop: 'north', type: 'nothing' },
    },`)
    expect(agent?.agUi).toStrictEqual({
      tools: [{ name: 'now' }, { name: 'find', parameters: { type: 'object' } }],
      forwardedProps: { shop: 'north', type: 'nothing' },
    })
  })

  test.each([
    ['agUi: {},', /agUi counts only with protocol: "ag-ui" beside it/],
    ["protocol: 'openai', openai: { model: 'm' }, agUi: {},", /agUi counts only with protocol: "ag-ui" beside it/],
    ["protocol: 'ag-ui', openai: { model: 'm' },", /openai counts only with protocol: "openai" beside it/],
    ["protocol: 'agui',", /protocol/],
    [
      "protocol: 'ag-ui', agUi: { forwardProps: {} },",
      /agUi\.forwardProps is not known; did you mean "forwardedProps"\?/,
    ],
    [
      "protocol: 'ag-ui', agUi: { tools: [{ name: 'a', parameters: { type: 'strin' } }] },",
      /agUi\.tools\[0\]\.parameters/,
    ],
  ])('is refused with %s', async (agent, message) => {
    expect(await mistakeOf(configWith('', agent))).toMatch(message)
  })

  test('is refused without a word of its key', async () => {
    const mistake = await mistakeOf(configWith('', "protocol: 'ag-ui', agUi: { apiKey: 'sk secret' },"))
    expect(mistake).toMatch(/agUi\.apiKey must match/)
    expect(mistake).not.toContain('secret')
  })
})
