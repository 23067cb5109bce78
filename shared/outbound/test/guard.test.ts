import { describe, expect, test } from '@jest/globals'
import { createOutboundGuard } from '../guard.ts'

const guard = createOutboundGuard([])

describe('a URL when it is saved', () => {
  test.each([
    'https://shop.example/hooks/agentview?tenant=1',
    'https://shop.example:8443/',
    'http://93.184.216.34/hook',
    'HTTP://93.184.216.34/hook',
    'https://[2606:4700::1111]/',
    `https://shop.example/${'x'.repeat(1_979)}`,
  ])('%s will do', (url) => {
    expect(guard.urlFault(url)).toBeNull()
  })

  test.each([
    ['', 'characters'],
    ['shop.example', 'not an http'],
    ['/hook', 'not an http'],
    ['https://', 'not an http'],
    ['ftp://shop.example/', 'not an http'],
    ['file:///etc/passwd', 'not an http'],
    ['gopher://shop.example/', 'not an http'],
    ['javascript:alert(1)', 'not an http'],
    ['https://user:password@shop.example/', 'user name or password'],
    ['https://user@shop.example/', 'user name or password'],
    ['https://:password@shop.example/', 'user name or password'],
    ['https://shop.example@127.0.0.1/', 'user name or password'],
    ['https://shop.example:99999/', 'not an http'],
    ['https://shop.example/a b', 'characters'],
    ['https://shop\n.example/', 'characters'],
    ['https://shop.example/\r\nX-Evil: 1', 'characters'],
    ['https://shöp.example/', 'characters'],
    [`https://shop.example/${'x'.repeat(1_980)}`, 'longer than 2000'],
    ['http://127.0.0.1/', 'this machine'],
    ['http://127.255.255.254/', 'this machine'],
    ['http://[::1]/', 'this machine'],
    ['http://localhost/', 'this machine'],
    ['http://LOCALHOST.:4000/', 'this machine'],
    ['http://a.localhost/', 'this machine'],
    ['http://0.0.0.0/', 'this machine'],
    ['http://[::]/', 'this machine'],
    ['http://169.254.169.254/latest/meta-data', 'link-local'],
    ['http://[fe80::1]/', 'link-local'],
    ['http://10.1.2.3/', 'private network'],
    ['http://172.16.0.1/', 'private network'],
    ['http://192.168.1.1/', 'private network'],
    ['http://[fd00::1]/', 'private network'],
    ['http://100.64.0.1/', 'carrier'],
    ['http://224.0.0.1/', 'multicast'],
    ['http://[ff02::1]/', 'multicast'],
    ['http://255.255.255.255/', 'broadcast'],
    ['http://[::ffff:127.0.0.1]/', 'IPv4 address within IPv6'],
    ['http://[::ffff:7f00:1]/', 'IPv4 address within IPv6'],
    ['http://[::ffff:0:127.0.0.1]/', 'IPv4 address within IPv6'],
    ['http://[64:ff9b::7f00:1]/', 'IPv4 address within IPv6'],
    ['http://[64:ff9b:1::7f00:1]/', 'IPv4 address within IPv6'],
    ['http://[2002:7f00:1::]/', 'IPv4 address within IPv6'],
    ['http://[2001:0:4136:e378::1]/', 'IPv4 address within IPv6'],
    ['http://[::127.0.0.1]/', 'reserved'],
    ['http://[fec0::1]/', 'reserved'],
    ['http://[2001:db8::1]/', 'reserved'],
    ['http://240.0.0.1/', 'reserved'],
    ['http://192.0.2.1/', 'reserved'],
    ['http://198.18.0.1/', 'reserved'],
    ['http://2130706433/', 'unusual form'],
    ['http://0x7f000001/', 'unusual form'],
    ['http://0x7f.1/', 'unusual form'],
    ['http://017700000001/', 'unusual form'],
    ['http://127.1/', 'unusual form'],
    ['http://0177.0.0.1/', 'unusual form'],
    ['http://%31%32%37.0.0.1/', 'unusual form'],
    ['http://134744072/', 'unusual form'],
  ])('%j is refused', (url, fault) => {
    expect(guard.urlFault(url)).toContain(fault)
  })
})

describe('the allow-list', () => {
  const open = createOutboundGuard(['127.0.0.0/8', '10.1.2.3', 'fd00::/8', 'agents.internal'])

  test.each(['http://127.0.0.1:4100/', 'http://localhost/', 'http://10.1.2.3/', 'http://[fd00::1]/'])(
    'opens %s',
    (url) => {
      expect(open.urlFault(url)).toBeNull()
    },
  )

  test.each([
    'http://10.1.2.4/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://2130706433/',
    'http://169.254.169.254/',
  ])('does not open %s', (url) => {
    expect(open.urlFault(url)).not.toBeNull()
  })

  test.each<[string, string | null]>([
    ['https://shop.example/jwks', null],
    ['https://10.1.2.3/jwks', null],
    ['http://127.0.0.1:4100/jwks', null],
    ['http://localhost:4100/jwks', null],
    ['http://shop.example/jwks', 'https'],
    ['http://8.8.8.8/jwks', 'https'],
    ['http://10.1.2.3/jwks', 'https'],
    ['http://agents.internal/jwks', 'https'],
    ['http://[::1]/jwks', 'this machine'],
    ['https://10.1.2.4/jwks', 'private network'],
    ['ftp://shop.example/jwks', 'not an http'],
  ])('of keys at %s says %j', (url, fault) => {
    expect(open.keySetFault(url)).toEqual(fault && expect.stringContaining(fault))
  })

  test('that is empty opens no http for keys', () => {
    expect(guard.keySetFault('http://127.0.0.1/jwks')).toContain('this machine')
  })

  test('names hosts, however they are written', () => {
    expect(['agents.internal', 'AGENTS.internal.'].map((host) => open.namesHost(host))).toEqual([true, true])
    expect(['internal', 'x.agents.internal'].map((host) => open.namesHost(host))).toEqual([false, false])
  })

  test.each(['10.0.0.0/33', '10.0.0', '*', 'http://a.example', 'a b', '10.0.0.256'])('refuses %j', (entry) => {
    expect(() => createOutboundGuard([entry])).toThrow(`"${entry}"`)
  })
})
