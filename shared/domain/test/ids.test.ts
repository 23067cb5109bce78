import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ID_PREFIXES, type IdKind, idOf, newId, newUuid, uuidOf } from '../ids.ts'

const kinds = fc.constantFrom(...(Object.keys(ID_PREFIXES) as IdKind[]))

describe('ids', () => {
  test('an id gives back the UUID it was made of, whatever the UUID', () => {
    fc.assert(fc.property(kinds, fc.uuid(), (kind, uuid) => uuidOf(kind, idOf(kind, uuid)) === uuid))
  })

  test('a UUID gives back the id it was read from, for every well-formed id', () => {
    const suffix = fc
      .tuple(
        fc.constantFrom(...'01234567'),
        fc.array(fc.constantFrom(...'0123456789abcdefghjkmnpqrstvwxyz'), { minLength: 25, maxLength: 25 }),
      )
      .map(([first, rest]) => first + rest.join(''))
    fc.assert(
      fc.property(kinds, suffix, (kind, text) => {
        const id = `${ID_PREFIXES[kind]}_${text}`
        expect(idOf(kind, uuidOf(kind, id)!)).toBe(id)
      }),
    )
  })

  test('the encoding is that of TypeID (its specification lists these)', () => {
    expect(idOf('run', '00000000-0000-0000-0000-000000000000')).toBe('run_00000000000000000000000000')
    expect(idOf('run', '00000000-0000-0000-0000-00000000000a')).toBe('run_0000000000000000000000000a')
    expect(idOf('run', '00000000-0000-0000-0000-000000000020')).toBe('run_00000000000000000000000010')
    expect(idOf('run', 'ffffffff-ffff-ffff-ffff-ffffffffffff')).toBe('run_7zzzzzzzzzzzzzzzzzzzzzzzzz')
    expect(idOf('run', '01890a5d-ac96-774b-bcce-b302099a8057')).toBe('run_01h455vb4pex5vsknk084sn02q')
  })

  test('a new UUID is version 7 and carries its milliseconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (now) => {
        const uuid = newUuid(now)
        expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
        expect(Number.parseInt(uuid.replaceAll('-', '').slice(0, 12), 16)).toBe(now)
      }),
    )
  })

  test('ids of a later millisecond sort after those of an earlier one', () => {
    const times = fc.tuple(fc.integer({ min: 0, max: 2 ** 47 }), fc.integer({ min: 1, max: 2 ** 47 - 1 }))
    fc.assert(fc.property(times, ([now, later]) => idOf('item', newUuid(now)) < idOf('item', newUuid(now + later))))
  })

  test('ten thousand new ids are all different', () => {
    expect(new Set(Array.from({ length: 10_000 }, () => newId('run'))).size).toBe(10_000)
  })

  test.each([
    ['of another kind', 'ses_01h455vb4pex5vsknk084sn02q'],
    ['without a prefix', '01h455vb4pex5vsknk084sn02q'],
    ['in capitals', 'run_01H455VB4PEX5VSKNK084SN02Q'],
    ['with a letter outside the alphabet', 'run_01h455vb4pex5vsknk084sn0il'],
    ['too short', 'run_01h455vb4pex5vsknk084sn02'],
    ['too long', 'run_01h455vb4pex5vsknk084sn02qq'],
    ['over 128 bits', 'run_8zzzzzzzzzzzzzzzzzzzzzzzzz'],
    ['with a newline behind it', 'run_01h455vb4pex5vsknk084sn02q\n'],
    ['empty', ''],
    ['that is a bare UUID', '01890a5d-ac96-774b-bcce-b302099a8057'],
  ])('an id %s is refused', (_what, id) => {
    expect(uuidOf('run', id)).toBeNull()
  })

  test('no text makes reading an id throw', () => {
    fc.assert(fc.property(kinds, fc.string({ unit: 'binary' }), (kind, text) => uuidOf(kind, text) === null))
  })
})
