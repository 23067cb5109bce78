import { describe, expect, test } from '@jest/globals'
import { addressOf } from '../address.ts'

const from = (remoteAddress: string, forwarded?: string) => ({
  socket: { remoteAddress },
  headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
})

describe('the address of a request', () => {
  test.each<[string, number, string, string | undefined, string]>([
    ['is the socket’s', 0, '203.0.113.7', undefined, '203.0.113.7'],
    ['is the socket’s whatever a header says', 0, '203.0.113.7', '198.51.100.1', '203.0.113.7'],
    ['is what one proxy has added', 1, '10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['is not what stood there before', 1, '10.0.0.1', '1.1.1.1, 2.2.2.2,198.51.100.1', '198.51.100.1'],
    ['is two places from the end behind two', 2, '10.0.0.1', '1.1.1.1, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
    ['is the last proxy’s when one was passed by', 2, '10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['is the socket’s when the proxy has said nothing', 1, '10.0.0.1', undefined, '10.0.0.1'],
    ['is the socket’s when the proxy has said nonsense', 1, '10.0.0.1', 'unknown', '10.0.0.1'],
    ['ends with the first nonsense', 3, '10.0.0.1', '1.1.1.1, _hidden, 10.0.0.2', '10.0.0.2'],
    ['has no port', 1, '10.0.0.1', '198.51.100.1:4711', '198.51.100.1'],
    ['has no brackets', 1, '10.0.0.1', '[2001:db8:1:2::5]:4711', '2001:db8:1:2::/64'],
    ['is one for all that one subscriber has', 0, '2001:db8:1:2:aaaa::1', undefined, '2001:db8:1:2::/64'],
    ['is another for another', 0, '2001:db8:1:3:aaaa::1', undefined, '2001:db8:1:3::/64'],
    ['is IPv4 when it is that within IPv6', 0, '::ffff:203.0.113.7', undefined, '203.0.113.7'],
    ['has no zone', 0, 'fe80::1%eth0', undefined, 'fe80:0:0:0::/64'],
  ])('%s', (_what, trusted, remote, forwarded, expected) => {
    expect(addressOf(from(remote, forwarded), trusted)).toBe(expected)
  })

  test('is there also when the connection has gone', () => {
    expect(addressOf({ socket: {}, headers: {} }, 0)).toBe('')
  })
})
