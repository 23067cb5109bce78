import { parseSearch, stringifySearch } from '../app/searchText.ts'
import {
  type SessionsView,
  filterCount,
  readSessionsView,
  shownColumns,
  viewQuery,
  viewSearch,
} from '../pages/sessions/sessionsView.ts'

function throughTheAddress(view: SessionsView): SessionsView {
  return readSessionsView(parseSearch(stringifySearch(viewSearch(view))))
}

test('a view comes back from its address as it was', () => {
  const view: SessionsView = {
    agent: 'support',
    version: '1.2.0',
    space: 'production',
    status: 'failed',
    from: '2026-11-01',
    to: '2026-11-30',
    starred: true,
    unread: true,
    commented: true,
    score: 'helpful<3',
    meta: ['plan:pro & "more"', 'country:de'],
    order: 'asc',
    columns: ['session', 'version', 'createdAt'],
  }
  expect(throughTheAddress(view)).toEqual(view)
})

test('the usual view has an empty address', () => {
  expect(stringifySearch(viewSearch({}))).toBe('')
})

test.each([
  ['?status=exploded', {}],
  ['?from=yesterday', {}],
  ['?from=2026-13-45', {}],
  ['?order=desc', {}],
  ['?agent=%20%20', {}],
  ['?starred=false', {}],
  ['?columns=password,version', { columns: ['session', 'version'] }],
  ['?status=failed&status=running', {}],
  ['?meta=a:1&meta=b:2', { meta: ['a:1', 'b:2'] }],
  ['?__proto__=x&constructor=y', {}],
])('%s asks for no more than makes sense', (address, view) => {
  expect(readSessionsView(parseSearch(address))).toEqual(view)
})

test('text stays text, also when it looks like a number or a list', () => {
  expect(throughTheAddress({ score: '[1]', agent: '007' })).toEqual({ score: '[1]', agent: '007' })
})

test('only what narrows the list is counted as a filter', () => {
  expect(filterCount({})).toBe(0)
  expect(filterCount({ order: 'asc', columns: ['session'] })).toBe(0)
  expect(filterCount({ agent: 'a', meta: ['a:1', 'b:2'], unread: true })).toBe(4)
})

test.each([
  ['helpful', { score: 'helpful' }],
  ['helpful<3', { score: 'helpful', scoreIs: 'lt', scoreValue: '3' }],
  ['helpful >= 3', { score: 'helpful', scoreIs: 'gte', scoreValue: '3' }],
  ['tone=rude', { score: 'tone', scoreIs: 'eq', scoreValue: '"rude"' }],
  ['tone!="rude"', { score: 'tone', scoreIs: 'ne', scoreValue: '"rude"' }],
  ['feedback=down', { score: 'feedback', scoreIs: 'eq', scoreValue: '"down"' }],
  ['=3', { score: '=3' }],
])('a score %s is asked for as %j', (score, query) => {
  expect(viewQuery({ score })).toEqual(query)
})

test('days are whole days of the reader, and metadata goes by key', () => {
  const query = viewQuery({ from: '2026-11-01', to: '2026-11-01', meta: ['plan:pro:x', 'no colon', 'a.b:1'] })
  expect(Date.parse(String(query.to)) - Date.parse(String(query.from))).toBe(86_400_000)
  expect(query).toMatchObject({ 'metadata.plan': 'pro:x' })
  expect(Object.keys(query)).toEqual(['from', 'to', 'metadata.plan'])
})

test('the first column can not be hidden', () => {
  expect(shownColumns(readSessionsView({ columns: 'agent' }))).toEqual(['session', 'agent'])
})
