import { expect, test } from '@jest/globals'
import type { OrganizationSettings } from '@shared/store/organizations'
import { mayCallFrom } from '../origins.ts'

const settings = (more: Partial<OrganizationSettings> = {}): OrganizationSettings => ({
  allowedOrigins: ['https://shop.example', 'http://plain.example:8080'],
  allowLocalOrigins: false,
  ...more,
})

test.each<[string, boolean]>([
  ['https://shop.example', true],
  ['http://plain.example:8080', true],
  ['http://shop.example', false],
  ['https://shop.example:443', false],
  ['https://shop.example.evil.example', false],
  ['https://evilshop.example', false],
  ['https://shop.example/', false],
  ['null', false],
  ['', false],
  ['http://localhost:3000', false],
])('a page of %s may call a listed organization: %s', (origin, may) => {
  expect(mayCallFrom(settings(), origin, 'api.example')).toBe(may)
})

test.each<[string, boolean]>([
  ['http://localhost:3000', true],
  ['http://localhost', true],
  ['http://127.0.0.1:65535', true],
  ['http://[::1]:5173', true],
  ['https://localhost:3000', false],
  ['http://localhost.evil.example', false],
  ['http://localhost:3000.evil.example', false],
  ['http://127.0.0.1.evil.example', false],
  ['http://evil.example#localhost', false],
  ['http://localhost:123456', false],
  ['http://127.0.0.2', false],
])('while developing, a page of %s may call: %s', (origin, may) => {
  expect(mayCallFrom(settings({ allowLocalOrigins: true }), origin, 'api.example')).toBe(may)
})

test('a page may call the very host that it comes from, and no other by its name', () => {
  expect(mayCallFrom(settings(), 'https://api.example', 'api.example')).toBe(true)
  expect(mayCallFrom(settings(), 'http://api.example:4000', 'api.example:4000')).toBe(true)
  expect(mayCallFrom(settings(), 'http://api.example:4001', 'api.example:4000')).toBe(false)
  expect(mayCallFrom(settings(), 'https://api.example', undefined)).toBe(false)
})
