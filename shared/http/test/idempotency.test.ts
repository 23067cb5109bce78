import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { hashOfRequest, requestKeyOf } from '../idempotency.ts'

const request = (key: string | undefined, url: string) =>
  ({ headers: { ...(key !== undefined && { 'idempotency-key': key }) }, url }) as unknown as IncomingMessage

describe('the key of a request', () => {
  test('is null without the header', () => {
    expect(requestKeyOf(request(undefined, '/v1/x'), {}, 'post /v1/x')).toBeNull()
  })

  test('holds route, key and a hash of path and body', () => {
    const key = requestKeyOf(request('k', '/v1/x?a=1'), { b: 1 }, 'post /v1/x')
    expect(key).toEqual({ route: 'post /v1/x', key: 'k', requestHash: hashOfRequest('/v1/x', { b: 1 }) })
  })

  test.each(['', ' ', 'a b', 'ü', 'a\nb', '\u0000', 'x'.repeat(256)])('"%s" is refused', (key) => {
    expect(() => requestKeyOf(request(key, '/'), {}, 'r')).toThrow('visible ASCII')
  })
})

describe('the hash of a request', () => {
  test('differs by path and by body, and not by anything else', () => {
    const hashes = [
      hashOfRequest('/a', { x: 1 }),
      hashOfRequest('/b', { x: 1 }),
      hashOfRequest('/a', { x: 2 }),
      hashOfRequest('/a', { x: '1' }),
      hashOfRequest('/a', [1]),
      hashOfRequest('/a', undefined),
      hashOfRequest('/a\n{}', ''),
    ]
    expect(new Set(hashes).size).toBe(hashes.length)
    expect(hashOfRequest('/a', { x: 1 })).toBe(hashes[0])
    expect(hashOfRequest('/a', null)).toBe(hashOfRequest('/a', undefined))
  })
})
