import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { signatureHeaders } from '../signatureHeaders.ts'

/** A receiver, written from the specification alone (standard-webhooks.md, "Verifying webhook authenticity"). */
function verifies(secret: string, headers: Record<string, string>, body: string, now: Date): boolean {
  const timestamp = headers['webhook-timestamp']!
  if (!/^\d+$/.test(timestamp) || Math.abs(now.getTime() / 1_000 - Number(timestamp)) > 300) return false
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  const expected = createHmac('sha256', key).update(`${headers['webhook-id']}.${timestamp}.${body}`).digest()
  return headers['webhook-signature']!.split(' ').some((entry) => {
    const [version, signature] = entry.split(',')
    const given = Buffer.from(signature ?? '', 'base64')
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected)
  })
}

test('the published vector of Standard Webhooks comes out', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek'
  const at = new Date(1_614_265_330_000)
  expect(signatureHeaders([secret], id, '{"test": 2432232314}', at)).toEqual({
    'webhook-id': id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  })
})

describe('a receiver', () => {
  const now = new Date('2026-01-02T03:04:05.999Z')
  const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`

  test('accepts what was signed, whatever the body says', () => {
    const secret = newSecret()
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (body) => {
        expect(verifies(secret, signatureHeaders([secret], 'run_1-1', body, now), body, now)).toBe(true)
      }),
    )
  })

  test('refuses another body, id, time or secret', () => {
    const secret = newSecret()
    const headers = signatureHeaders([secret], 'run_1-1', '{}', now)
    expect(headers['webhook-timestamp']).toBe(String(Math.floor(now.getTime() / 1_000)))
    expect(verifies(secret, headers, '{ }', now)).toBe(false)
    expect(verifies(secret, { ...headers, 'webhook-id': 'run_1-2' }, '{}', now)).toBe(false)
    expect(verifies(secret, { ...headers, 'webhook-timestamp': '1767322999' }, '{}', now)).toBe(false)
    expect(verifies(newSecret(), headers, '{}', now)).toBe(false)
    expect(verifies(secret, headers, '{}', new Date(now.getTime() + 301_000))).toBe(false)
  })
})
