import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { findJsonFault } from '@shared/domain/json'
import { AgentFailure, invalidOutput } from '../agentFailure.ts'

describe('what an agent app makes an error say', () => {
  test('can be stored, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(findJsonFault(invalidOutput(text).toRunError(), 3)).toBeNull()
      }),
    )
    expect(invalidOutput('a\0b\ud83d').message).toBe('ab\ufffd')
  })

  test('stays short', () => {
    const details = Array.from({ length: 1_000 }, (_, i) => ({ path: `/items/${i}`, message: 'is too long' }))
    const error = invalidOutput('x'.repeat(100_000), details).toRunError()
    expect(JSON.stringify(error).length).toBeLessThan(20_000)
    expect(findJsonFault(invalidOutput('😀'.repeat(10_000)).toRunError(), 3)).toBeNull()
  })

  test('is code, message and, where there are any, details', () => {
    expect(invalidOutput('no').toRunError()).toEqual({ code: 'invalid_output', message: 'no' })
    const details = [{ path: '/items/0', message: 'is wrong' }]
    expect(invalidOutput('no', details).toRunError()).toEqual({ code: 'invalid_output', message: 'no', details })
    const busy = new AgentFailure('busy', 'later', { retryable: true, retryAfterMs: 5 })
    expect(busy).toMatchObject({ code: 'busy', retryable: true, retryAfterMs: 5, message: 'later' })
  })
})
