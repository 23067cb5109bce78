import { UpdateEndUser, UpsertEndUser } from './messages.ts'
import { EndUser, closed, id } from './objects.ts'
import type { Route } from './route.ts'

const ofEndUser = closed({ endUserId: id('endUser') })

/** The people whom the customer's server makes known, by his own ids for them. */
export const endUserRoutes = {
  upsertEndUser: {
    method: 'post',
    path: '/v1/end-users',
    summary: 'Make an end user known by `externalId` (201), or merge metadata into the one who is (200)',
    callers: ['secret'],
    body: UpsertEndUser,
    idempotent: true,
    responses: { 200: EndUser, 201: EndUser },
  },
  readEndUser: {
    method: 'get',
    path: '/v1/end-users/{endUserId}',
    summary: 'An end user',
    callers: ['secret'],
    params: ofEndUser,
    responses: { 200: EndUser },
  },
  updateEndUser: {
    method: 'patch',
    path: '/v1/end-users/{endUserId}',
    summary: 'Merge metadata into an end user’s; a null takes its key away',
    callers: ['secret'],
    params: ofEndUser,
    body: UpdateEndUser,
    responses: { 200: EndUser },
  },
  eraseEndUser: {
    method: 'delete',
    path: '/v1/end-users/{endUserId}',
    summary: 'Erase an end user with all his sessions, and cut his connections',
    callers: ['secret'],
    params: ofEndUser,
    responses: { 204: null },
  },
} as const satisfies Record<string, Route>
