import { expect, test } from '@jest/globals'
import { webhookUrlFault } from '../webhookUrl.ts'

test.each([
  'https://shop.example/hooks/agentview?tenant=1',
  'http://127.0.0.1:4100/hook',
  'http://[::1]:4100/',
  `https://shop.example/${'x'.repeat(1_979)}`,
])('%s will do', (url) => {
  expect(webhookUrlFault(url)).toBeNull()
})

test.each([
  ['', 'characters'],
  ['shop.example', 'not an http'],
  ['/hook', 'not an http'],
  ['https://', 'not an http'],
  ['ftp://shop.example/', 'not an http'],
  ['file:///etc/passwd', 'not an http'],
  ['javascript:alert(1)', 'not an http'],
  ['https://user:password@shop.example/', 'user name or password'],
  ['https://user@shop.example/', 'user name or password'],
  ['https://:password@shop.example/', 'user name or password'],
  ['https://shop.example:99999/', 'not an http'],
  ['https://shop.example/a b', 'characters'],
  ['https://shop\n.example/', 'characters'],
  ['https://shop.example/\r\nX-Evil: 1', 'characters'],
  ['https://shöp.example/', 'characters'],
  [`https://shop.example/${'x'.repeat(1_980)}`, 'longer than 2000'],
])('%j is refused', (url, fault) => {
  expect(webhookUrlFault(url)).toContain(fault)
})
