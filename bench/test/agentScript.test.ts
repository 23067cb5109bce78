import { expect, test } from '@jest/globals'
import { messageOf, piecesOf, readScript, readTimedPieces, timedPiece } from '../agent/script.ts'

test('a message says what its run does; without, the run is a plain one', () => {
  expect(readScript(messageOf('hello', { deltas: 50, everyMs: 20 }))).toEqual({
    content: 'hello',
    script: { deltas: 50, everyMs: 20, thinkMs: 0, timed: false },
  })
  expect(readScript(messageOf('hello'))).toEqual({
    content: 'hello',
    script: { deltas: 10, everyMs: 0, thinkMs: 0, timed: false },
  })
})

test('an answer begins with its message, so that no two are alike', () => {
  expect(piecesOf('a', 3)).toEqual(['a ', 'answer ', 'grows '])
  expect(piecesOf('a', 10).join('')).not.toBe(piecesOf('b', 10).join(''))
})

test('timed pieces are read back from whatever part of the text has come', () => {
  const text = timedPiece(0, 1_764_541_231_234.5) + timedPiece(1, 1_764_541_231_254.56)
  expect(readTimedPieces(text)).toEqual([
    { index: 0, at: 1_764_541_231_234.5 },
    { index: 1, at: 1_764_541_231_254.56 },
  ])
  expect(readTimedPieces(text.slice(0, -1))).toHaveLength(1)
})
