import type { Item, Run } from '@shared/domain/objects'
import { assertConfig } from '../config/assertConfig.ts'
import { findDisplay, findRunType } from '../config/findDisplay.ts'
import { fits } from '../config/fits.ts'
import type { AgentConfig } from '../config/types.ts'

const Bill = () => null
const Call = () => null
const Result = () => null
const Output = () => null

const agent: AgentConfig = {
  name: 'waiter',
  runs: [
    {
      type: 'chat',
      steps: [
        { schema: { required: ['type'], properties: { type: { const: 'bill' } } }, displayComponent: Bill },
        {
          schema: { properties: { type: { const: 'tool_call' }, name: { enum: ['cook'] } } },
          displayComponent: Call,
          callResult: { schema: { properties: { type: { const: 'tool_result' } } }, displayComponent: Result },
        },
      ],
      output: { displayComponent: Output },
    },
  ],
}

function shown(kind: Item['kind'], data: Item['data'], type = 'chat') {
  const item = { kind, data } as Item
  return findDisplay(findRunType(agent, { type } as Run), item)
}

test('an item is shown by the component of its place, a step by that of the schema it fits', () => {
  expect(shown('step', { type: 'bill', total: 3 })).toBe(Bill)
  expect(shown('step', { type: 'tool_call', name: 'cook' })).toBe(Call)
  expect(shown('step', { type: 'tool_call', name: 'clean' })).toBeUndefined()
  expect(shown('step', { type: 'tool_result' })).toBe(Result)
  expect(shown('output', { type: 'message' })).toBe(Output)
  expect(shown('input', { type: 'message' })).toBeUndefined()
  expect(shown('step', { type: 'bill' }, 'other')).toBeUndefined()
})

test('a Standard Schema is asked itself; one that answers later fits nothing', () => {
  const only = (ok: boolean) => ({ '~standard': { validate: () => (ok ? { value: 1 } : { issues: ['no'] }) } })
  expect(fits(only(true), {})).toBe(true)
  expect(fits(only(false), {})).toBe(false)
  expect(fits({ '~standard': { validate: () => Promise.resolve({}) } }, {})).toBe(false)
})

test('of several alternatives one must fit', () => {
  const schema = { anyOf: [{ properties: { type: { const: 'a' } } }, { properties: { type: { const: 'b' } } }] }
  expect(fits(schema, { type: 'b' })).toBe(true)
  expect(fits(schema, { type: 'c' })).toBe(false)
})

test.each([
  [null, 'config must be'],
  [{ agents: 'all' }, 'config must be'],
  [{ agents: [{}] }, 'agents[0].name must be a string'],
  [
    { agents: [{ name: 'a', runs: [{ input: { displayComponent: '<b>' } }] }] },
    'agents[0].runs[0].input.displayComponent',
  ],
  [{ agents: [], pages: [{ title: 'x', path: '../x', component: Bill }] }, 'pages[0].path'],
  [{ agents: [], pages: [{ title: 'x', path: 'x' }] }, 'pages[0].component'],
  [{ agents: [], theme: { accent: 3 } }, 'theme must be'],
])('the config %j is refused, naming the member: %s', (config, message) => {
  expect(() => assertConfig(config)).toThrow(message)
})

test('a good config is taken as it is', () => {
  expect(() => assertConfig({ agents: [agent], pages: [{ title: 'x', path: 'x', component: Bill }] })).not.toThrow()
})
