import { expect, test } from '@jest/globals'
import { createPlaces } from '../places.ts'
import type { Holder } from '../settings.ts'

const eva: Holder = { kind: 'user', id: 'eu_eva' }
const home: Holder = { kind: 'address', id: '203.0.113.7' }
const office: Holder = { kind: 'address', id: '203.0.113.8' }

test('places are taken of all holders or of none, and each is given back once', () => {
  const places = createPlaces({ user: 2, key: 0, address: 3 })
  const first = places.take([eva, home])
  expect(places.take([eva, home])).not.toHaveProperty('full')
  expect(places.take([eva, office])).toEqual({ full: eva })
  expect([places.taken(eva), places.taken(home), places.taken(office)]).toEqual([2, 2, 0])
  if ('full' in first) throw new Error('there was room')
  first.leave()
  first.leave()
  expect([places.taken(eva), places.taken(home)]).toEqual([1, 1])
  expect(places.take([eva, office])).not.toHaveProperty('full')
})

test('an address may be full when its users are not', () => {
  const places = createPlaces({ user: 2, key: 0, address: 1 })
  places.take([eva, home])
  expect(places.take([{ kind: 'user', id: 'eu_adam' }, home])).toEqual({ full: home })
})

test('nothing stands in the way where there is no limit', () => {
  const places = createPlaces({ user: 0, key: 0, address: 0 })
  for (let times = 0; times < 100; times++) expect(places.take([eva, home])).not.toHaveProperty('full')
})
