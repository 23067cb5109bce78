import { describe, expect, test } from '@jest/globals'
import { type AgentDefinition, DEFAULT_POLICY, type RunTypeDefinition } from '@shared/domain/agents'
import { newId } from '@shared/domain/ids'
import { tunables } from '@shared/domain/tunables'
import type { JsonObject } from '@shared/domain/json'
import type { Item, ItemKind } from '@shared/domain/objects'
import { checkMetadata, checkOutput } from '../checkOutput.ts'

const definitionOf = (run: Partial<RunTypeDefinition>): AgentDefinition => ({
  name: 'a',
  url: 'http://localhost',
  version: '1.0.0',
  protocol: 'agentview',
  policy: DEFAULT_POLICY,
  runs: [{ type: 'chat', ...run }, { type: 'other' }],
})
const item = (kind: ItemKind, data: JsonObject): Item => ({
  id: newId('item'),
  sessionId: newId('session'),
  runId: newId('run'),
  runNo: 1,
  itemNo: 1,
  kind,
  status: 'complete',
  data,
  createdAt: '2026-01-02T03:04:05.000Z',
})
const step = (data: JsonObject) => item('step', data)
const output = (data: JsonObject) => item('output', data)
const requires = (name: string) => ({ type: 'object', required: [name], properties: { [name]: { type: 'string' } } })

const check = (run: Partial<RunTypeDefinition>, items: Item[], type = 'chat') => {
  try {
    checkOutput(definitionOf(run), type, items)
    return null
  } catch (error) {
    return error
  }
}
const refusedAt = (path: string) =>
  expect.objectContaining({
    code: 'invalid_output',
    retryable: false,
    details: [{ path, message: expect.any(String) }],
  })

describe('an output', () => {
  const run = { output: { schema: requires('text') } }

  test('fits its schema, or is refused with the place that doesn’t', () => {
    expect(check(run, [step({}), output({ text: 'a' })])).toBeNull()
    expect(check(run, [step({}), output({ text: 1 })])).toEqual(refusedAt('/items/1/text'))
    expect(check(run, [output({})])).toEqual(refusedAt('/items/0'))
  })

  test('without a schema, or of another run type, may be anything', () => {
    expect(check({}, [output({ any: 'thing' })])).toBeNull()
    expect(check(run, [output({})], 'other')).toBeNull()
    expect(check(run, [output({})], 'unknown')).toBeNull()
  })
})

describe('a step', () => {
  const steps = [{ schema: requires('a') }, { schema: requires('b'), callResult: { schema: requires('c') } }]

  test('fits any of the schemas, results of calls included', () => {
    const items = [step({ a: 'x' }), step({ b: 'x' }), step({ c: 'x' }), output({})]
    expect(check({ steps, validateSteps: true }, items)).toBeNull()
  })

  test('that fits none is refused when steps are checked', () => {
    expect(check({ steps, validateSteps: true }, [step({ a: 'x' }), step({ d: 'x' })])).toEqual(refusedAt('/items/1'))
    expect(check({ steps, validateSteps: false }, [step({ d: 'x' })])).toBeNull()
    expect(check({ steps }, [step({ d: 'x' })])).toBeNull()
  })

  test('is refused where steps are checked and there are none', () => {
    expect(check({ validateSteps: true }, [step({}), output({})])).toEqual(refusedAt('/items/0'))
    expect(check({ validateSteps: true }, [output({})])).toBeNull()
  })
})

describe('metadata', () => {
  const definition: AgentDefinition = {
    ...definitionOf({}),
    metadata: { mood: { enum: ['good', 'bad'] }, place: requires('city') },
  }
  const check = (change: JsonObject, before: JsonObject = {}, of = definition) => {
    try {
      checkMetadata(of, before, change)
      return null
    } catch (error) {
      return error
    }
  }

  test('fits the agent’s schemas, or is refused with its path', () => {
    expect(check({ mood: 'good', place: { city: 'Ulm' } })).toBeNull()
    expect(check({ mood: 'so so' })).toEqual(refusedAt('/metadata/mood'))
    expect(check({ place: { city: 7 } })).toEqual(refusedAt('/metadata/place/city'))
    expect(check({ 'a/b': 1 })).toEqual(refusedAt('/metadata/a~1b'))
    expect(check({ 'a/b': 1 }, {}, { ...definition, allowUnknownMetadata: true })).toBeNull()
    expect(check({ any: 1 }, {}, definitionOf({}))).toBeNull()
  })

  test('is taken away by a null, which needn’t fit', () => {
    expect(check({ mood: null, unknown: null })).toBeNull()
  })

  test('is bounded with what the session has', () => {
    const half = 'x'.repeat(tunables.metadataBytes / 2)
    const tooMuch = refusedAt('/metadata')
    const plain = definitionOf({})
    expect(check({ b: half }, { c: 1 }, plain)).toBeNull()
    expect(check({ b: half }, { a: half }, plain)).toEqual(tooMuch)
    expect(check({ a: half }, { a: half }, plain)).toBeNull()
    expect(check({ a: null, b: half }, { a: half }, plain)).toBeNull()
  })
})
